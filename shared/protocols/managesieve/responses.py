"""What the server says (RFC 5804 sections 1.2, 1.3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 1024  # octets of a quoted string


def string(value: bytes | str) -> bytes:
    """A string: quoted where that can hold it, else a literal."""
    octets = value.encode() if isinstance(value, str) else value
    if len(octets) > _LONGEST or b"\r" in octets or b"\n" in octets or b"\0" in octets:
        return literal(octets)
    return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def literal(octets: bytes) -> bytes:
    return b"{%d}\r\n%b" % (len(octets), octets)


def line(*words: bytes) -> bytes:
    return b" ".join(words) + b"\r\n"


def ok(text: str = "", code: bytes = b"") -> bytes:
    """``code`` is a response code without its parentheses."""
    return _status(b"OK", text, code)


def no(text: str, code: bytes = b"") -> bytes:
    return _status(b"NO", text, code)


def bye(text: str, code: bytes = b"") -> bytes:
    return _status(b"BYE", text, code)


def capabilities(pairs: Iterable[tuple[str, str | None]]) -> bytes:
    """The lines of a capability response, its status not included."""
    return b"".join(
        line(string(name)) if value is None else line(string(name), string(value)) for name, value in pairs
    )


def _status(word: bytes, text: str, code: bytes) -> bytes:
    words = [word]
    if code:
        words.append(b"(%b)" % code)
    if text:
        words.append(string(text))
    return line(*words)
