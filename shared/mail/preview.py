"""The first words of a message (RFC 8970): at most 200 characters, white space folded."""

from __future__ import annotations

from shared.mail.content import Content
from shared.mail.html_text import html_to_text
from shared.mail.text import decode_body

CHARACTERS = 200
_PLAIN_OCTETS = 2_048
_HTML_OCTETS = 16_384  # styles stand before the text


class PreviewSource:
    """Keeps the beginning of the first plain text, and of the first HTML in case there is no plain text."""

    __slots__ = ("_kept", "_row")

    def __init__(self) -> None:
        self._row = -1
        self._kept: dict[str, tuple[Content, bytearray]] = {}

    def take(self, row: int, content: Content, octets: bytes | bytearray) -> int:
        """Some of the text of the part in ``row`` of the part table. Answers how many octets more are wanted."""
        kind = "html" if content.media.subtype == "html" else "plain"
        if row != self._row:
            if kind in self._kept or "plain" in self._kept:
                return 0
            self._row = row
            self._kept[kind] = (content, bytearray())
        kept = self._kept[kind][1]
        kept += octets
        return max((_HTML_OCTETS if kind == "html" else _PLAIN_OCTETS) - len(kept), 0)

    def text(self) -> str:
        """The preview; "" when the message holds no text."""
        for kind in ("plain", "html"):
            if kind in self._kept:
                content, octets = self._kept[kind]
                text = decode_body(bytes(octets), content.encoding, content.media.charset)
                words = _shorten(html_to_text(text) if kind == "html" else text)
                if words:
                    return words
        return ""


def _shorten(text: str) -> str:
    """``text`` in one line, cut at `CHARACTERS`; a character that was cut in the source is left out."""
    line = " ".join(text[: CHARACTERS * 2].split())
    if len(line) < CHARACTERS < len(text):
        line = " ".join(text.split())
    return line[:CHARACTERS].rstrip("\ufffd ")
