"""The header block of HPUB and HMSG: ``NATS/1.0[ status]``, ``Name: value`` lines, an empty line."""

from __future__ import annotations

NO_RESPONDERS = b"503"

_VERSION = b"NATS/1.0"


def block(fields: dict[bytes, bytes]) -> bytes:
    """The block of ``fields``, whose values hold no line ends."""
    lines = [b"%b: %b" % field for field in fields.items()]
    return b"\r\n".join([_VERSION, *lines, b"", b""])


def status(headers: bytes) -> bytes:
    """The three digits that a server's own answer carries, b"" for a message of a client."""
    return headers[9:12].strip() if headers.startswith(b"NATS/1.0 ") else b""


def field(headers: bytes, name: bytes) -> bytes:
    """The value of the first header called ``name`` (exactly so written), b"" without one."""
    start = headers.find(b"\r\n%b:" % name)
    if start < 0:
        return b""
    start += len(name) + 3
    return headers[start : headers.find(b"\r\n", start)].strip()
