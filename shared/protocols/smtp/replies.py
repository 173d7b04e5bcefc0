"""SMTP replies (RFC 5321 section 4.2) with enhanced status codes (RFC 2034, RFC 3463).

Whatever text a reply carries, its octets are well-formed lines: control characters and non-ASCII are
replaced, and a line never passes 512 octets. So nothing that a peer said can add a line or a code.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

LINE_LIMIT = 512  # octets, CRLF included (RFC 5321 section 4.5.3.1.5)

_CONTROLS = dict.fromkeys([*range(0x20), 0x7F], "?")


class Reply(NamedTuple):
    """One reply. ``enhanced`` is empty where RFC 2034 wants none: greeting, HELO, EHLO, 3xx."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether this counts as an error of the session."""
        return self.code >= 400

    def render(self) -> bytes:
        """The octets on the wire, multi-line where there are several lines."""
        return _render(self)


def reply(code: int, enhanced: str, text: str) -> Reply:
    """A reply of one line."""
    return Reply(code, enhanced, (text,))


@lru_cache(256)  # most replies are said again and again
def _render(said: Reply) -> bytes:
    prefix = f"{said.enhanced} " if said.enhanced else ""
    last = len(said.lines) - 1
    return b"".join(
        _line(f"{said.code}{' ' if number == last else '-'}{prefix}{text}") for number, text in enumerate(said.lines)
    )


def _line(text: str) -> bytes:
    if not (text.isascii() and text.isprintable()):
        text = text.translate(_CONTROLS)
    return text.encode("ascii", "replace")[: LINE_LIMIT - 2] + b"\r\n"
