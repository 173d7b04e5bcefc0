"""Sections of messages: cut out of what is at hand, or named as a range that is to be streamed. Pure."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.messages import Bulk
from shared.mail import headers, parts
from shared.protocols.imap import fetch_items
from shared.protocols.imap.syntax.section import Section


class Span(NamedTuple):
    """Octets ``[start, end)`` of a message, the recipient's prefix counted."""

    start: int
    end: int


def header_section(section: Section, header: bytes) -> bytes:
    """A section of the message's own header, as a FETCH item."""
    return fetch_items.section_item(section.label, header_octets(section, header))


def header_octets(section: Section, header: bytes) -> bytes:
    """The same without the item around it."""
    return _cut(section, _selected(section, header))


def span(section: Section, bulk: Bulk) -> Span | None:
    """Where the section lies in its message; None when there is no such part. Partial ranges are not applied."""
    if not (section.path or section.text):
        return Span(0, bulk.size)
    text = "HEADER" if selects_fields(section) else section.text
    found = parts.section(bulk.parts, section.path, text, prefix=bulk.prefix)
    return None if found is None else Span(*found)


def selects_fields(section: Section) -> bool:
    """Whether the section is a choice of header fields, which are no range of octets."""
    return section.text.startswith("HEADER.FIELDS")


def narrowed(section: Section, whole: Span) -> Span:
    """The partial range within the section (RFC 3501 section 6.4.5); empty where it begins behind the end."""
    if section.partial is None:
        return whole
    first, count = section.partial
    start = min(whole.start + first, whole.end)
    return Span(start, min(start + count, whole.end))


def inline_section(section: Section, bulk: Bulk) -> bytes:
    """A section of a message that is here whole, as a FETCH item."""
    place = span(section, bulk)
    if place is None:
        return fetch_items.section_item(section.label, b"")
    if selects_fields(section):
        return header_section(section, bulk.octets[place.start : place.end])
    start, end = narrowed(section, place)
    return fetch_items.section_item(section.label, bulk.octets[start:end])


def _selected(section: Section, header: bytes) -> bytes:
    if not selects_fields(section):
        return header
    names = [name.lower().encode() for name in section.fields]
    return headers.select(header, names, exclude=section.text == "HEADER.FIELDS.NOT")


def _cut(section: Section, octets: bytes) -> bytes:
    start, end = narrowed(section, Span(0, len(octets)))
    return octets if end - start == len(octets) else octets[start:end]
