"""One message under search: what it says, decoded and folded once, and only as far as somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from shared.mail import headers, parts
from shared.mail.charsets import decode
from shared.mail.dates import parse_day
from shared.mail.encoded_words import decode_words
from shared.mail.fold import fold
from shared.mail.html_text import html_to_text
from shared.mail.parts import Kind, Node, Part
from shared.mail.text import decode_body

MAX_PART = 16 * 1024 * 1024  # octets of one part, as transferred, that are searched
DAY = 86_400

Read = Callable[[int, int], bytes]  # start and end in the stored message


def possible_days(date: int) -> range:
    """The days on which a message may have been sent whose Date is so many Unix seconds, wherever that was."""
    return range(date // DAY - 1, date // DAY + 2)


class Candidate:
    """``header`` is the header block, the recipient's prefix included; ``date`` the stored Unix seconds of Date."""

    def __init__(self, header: bytes, table: bytes, date: int, read: Read) -> None:
        self._header = header
        self._table = table
        self._date = date
        self._read = read

    @cached_property
    def _fields(self) -> list[headers.Field]:
        return list(headers.fields(self._header))

    @cached_property
    def _lowered(self) -> bytes:
        return self._header.lower()

    def has(self, name: str, text: str) -> bool:
        """Whether a field of that name holds ``text`` (folded); with an empty text, whether there is one."""
        wanted = name.encode().lower()
        if wanted not in self._lowered:
            return False
        return any(text in fold(decode_words(field.value)) for field in self._fields if field.name == wanted)

    @cached_property
    def folded(self) -> list[tuple[str, str]]:
        """Name and text of each field."""
        return [(fold(decode(field.name, "us-ascii")), fold(decode_words(field.value))) for field in self._fields]

    @cached_property
    def header_text(self) -> str:
        """All fields, one a line."""
        return "\n".join(f"{name}: {text}" for name, text in self.folded)

    @cached_property
    def body_text(self) -> str:
        """The text parts, and what the headers of parts say: types, names of files."""
        found = []
        for node, of_message in self._nodes():
            if node.row and not of_message:
                header = self._octets(node.part.header_start, node.part.body_start)
                found.append("\n".join(decode_words(field.value) for field in headers.fields(header)))
            if node.part.kind is Kind.LEAF and node.part.type == "text":
                found.append(self._leaf(node.part))
        return fold("\n".join(found))

    @cached_property
    def inside_text(self) -> str:
        """The headers of messages inside this one."""
        inside = [node.part for node, of_message in self._nodes() if node.row and of_message]
        found = [self._octets(part.header_start, part.body_start) for part in inside]
        return fold("\n".join(decode_words(headers.unfold(header)) for header in found))

    def _nodes(self) -> Iterator[tuple[Node, bool]]:
        """All parts, and whether the header of each is that of a message."""
        of_message = True
        for node in parts.unpack(self._table):
            yield node, of_message
            of_message = node.part.kind is Kind.MESSAGE and node.below > 0

    def _leaf(self, part: Part) -> str:
        text = decode_body(self._octets(part.body_start, part.end), part.encoding, part.charset)
        return " ".join(html_to_text(text).split()) if part.subtype == "html" else text

    def _octets(self, start: int, end: int) -> bytes:
        return self._read(start, min(end, start + MAX_PART))

    def days(self) -> range:
        """Days since 1970 on which the message may have been sent, as its Date says; none when it says nothing.

        The stored date knows no zone; so it can tell three days, and the header tells which.
        """
        return possible_days(self._date) if self._date else self.exact_days

    @cached_property
    def exact_days(self) -> range:
        """The same, read from the header: one day or none."""
        value = headers.first(self._header, b"date")
        said = parse_day(value) if value is not None else None
        return range(0) if said is None else range(said[0], said[0] + 1)
