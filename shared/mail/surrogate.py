"""A message with an internationalised header (RFC 6532), shown to a client that knows ASCII headers only: a surrogate
after RFC 6858, in which each word that is not ASCII becomes an encoded word (RFC 2047) and all else stays."""

from __future__ import annotations

from base64 import b64encode

LIMIT = 1024 * 1024  # octets of a header block; beyond it, nothing is changed
_WORD = 45  # octets in one encoded word, which may have 75 characters


class Surrogate:
    """Takes one message in pieces and gives it back with its header in ASCII."""

    __slots__ = ("_held", "_passes")

    def __init__(self) -> None:
        self._held = bytearray()
        self._passes = False

    def feed(self, piece: bytes) -> bytes:
        """What can be shown by now."""
        if self._passes:
            return piece
        self._held += piece
        if _header_end(self._held) < 0 and len(self._held) < LIMIT:
            return b""
        return self.finish()

    def finish(self) -> bytes:
        """The rest, at the end of the message."""
        self._passes = True
        octets, self._held = bytes(self._held), bytearray()
        return surrogate(octets)


def surrogate(octets: bytes) -> bytes:
    """A whole message, or at least its whole header block, with that in ASCII."""
    end = _header_end(octets)
    header = octets if end < 0 else octets[:end]
    if header.isascii():
        return octets
    lines = (line if line.isascii() else _ascii_line(line) for line in header.split(b"\n"))
    return b"\n".join(lines) + octets[len(header) :]


def _header_end(octets: bytes | bytearray) -> int:
    found = [end for end in (octets.find(b"\n\r\n"), octets.find(b"\n\n")) if end >= 0]
    return min(found) if found else -1


def _ascii_line(line: bytes) -> bytes:
    """One line of a field, perhaps folded into several."""
    words = line.rstrip(b"\r").split(b" ")
    shown = b" ".join(word if word.isascii() else _encoded(word) for word in words)
    return shown + b"\r" if line.endswith(b"\r") else shown


def _encoded(word: bytes) -> bytes:
    try:
        word.decode("utf-8")
        charset = b"utf-8"
    except UnicodeDecodeError:
        charset = b"unknown-8bit"
    pieces: list[bytes] = []
    at = 0
    while at < len(word):
        end = min(at + _WORD, len(word))
        while end < len(word) and word[end] & 0xC0 == 0x80 and end > at + _WORD - 4:
            end -= 1  # never within a character
        pieces.append(b"=?%b?b?%b?=" % (charset, b64encode(word[at:end])))
        at = end
    return b"\r\n ".join(pieces)
