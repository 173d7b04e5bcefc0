"""The text of a body part: for search and previews, never for what a client fetches."""

from __future__ import annotations

from shared.mail.charsets import decode
from shared.mail.html_text import html_to_text
from shared.mail.parts import Kind, Part
from shared.mail.transfer import decode_transfer


def decode_body(octets: bytes, encoding: str, charset: str) -> str:
    """Text of a body as transferred; whatever is broken or unknown in it, no exception (see `charsets.decode`)."""
    return decode(decode_transfer(octets, encoding), charset)


def part_text(octets: bytes, part: Part) -> str:
    """The readable text of ``part`` of the stored message ``octets``; "" for what is no text."""
    if part.kind is not Kind.LEAF or part.type != "text":
        return ""
    text = decode_body(octets[part.body_start : part.end], part.encoding, part.charset)
    return html_to_text(text) if part.subtype == "html" else text
