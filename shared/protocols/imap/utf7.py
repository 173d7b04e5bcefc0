"""Modified UTF-7 for mailbox names (RFC 3501 section 5.1.3), strict in both directions.

Decoding takes the one canonical form only: what `encode` would have written. So two different octet strings never
mean one name, and ``encode(decode(x)) == x``.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

_PRINTABLE = re.compile(r"[ -~]*\Z")
_RUN = re.compile(r"[^ -~]+|&")
_SHIFT = re.compile(rb"&([A-Za-z0-9+,]*)-")


def encode(name: str) -> bytes:
    """Unicode to modified UTF-7. Lone surrogates raise ValueError."""
    if "&" not in name and _PRINTABLE.match(name):
        return name.encode("ascii")
    return _RUN.sub(lambda run: _shifted(run[0]), name).encode("ascii")


def _shifted(run: str) -> str:
    if run == "&":
        return "&-"
    packed = b64encode(run.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return f"&{packed.decode('ascii')}-"


def decode(octets: bytes) -> str:
    """Modified UTF-7 to Unicode; ValueError says what is wrong with it."""
    if not _PRINTABLE.match(octets.decode("latin-1")):
        raise ValueError("not printable ASCII")
    if b"&" not in octets:
        return octets.decode("ascii")
    parts = []
    position = 0
    while (start := octets.find(b"&", position)) >= 0:
        parts.append(octets[position:start].decode("ascii"))
        shift = _SHIFT.match(octets, start)
        if shift is None:
            raise ValueError("not modified UTF-7")
        parts.append(_unshifted(shift[1]))
        position = shift.end()
    parts.append(octets[position:].decode("ascii"))
    name = "".join(parts)
    if encode(name) != octets:
        raise ValueError("not canonical modified UTF-7")
    return name


def _unshifted(packed: bytes) -> str:
    if not packed:
        return "&"
    try:
        octets = b64decode(packed.replace(b",", b"/") + b"=" * (-len(packed) % 4), validate=True)
        return octets.decode("utf-16-be")
    except ValueError:
        raise ValueError("not modified UTF-7") from None
