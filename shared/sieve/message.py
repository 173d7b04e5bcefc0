"""The message under a script: header fields that are read, decoded and changed as asked for, and its parts.

Deleting and adding fields (RFC 5293) works on a list that stands in for the header block from the first change on;
nothing else ever changes here, and the octets of untouched fields stay as they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.mail.address_list import parse_addresses
from shared.mail.charsets import decode
from shared.mail.headers import decode_words, fields, unfold
from shared.mail.parts import Node, unpack
from shared.mail.summary import summarise
from shared.sieve.outcome import Content


class Envelope(NamedTuple):
    """The SMTP envelope of this one delivery; ``sender`` "" is the null reverse-path."""

    sender: str = ""
    recipient: str = ""
    user: str = ""  # who submitted it, where authenticated
    notify: str = ""  # NOTIFY words of the recipient, joined by commas
    ret: str = ""
    original: str = ""  # ORCPT
    envelope_id: str = ""


class Message:
    """One letter. ``octets`` may be its header block alone as long as nobody asks for the body.

    ``parts`` is the packed table of its MIME parts (`shared.mail.parts`) where known.
    """

    def __init__(self, octets: bytes, *, size: int | None = None, parts: bytes = b"") -> None:
        self.octets = octets
        self.size = len(octets) if size is None else size
        self._parts = parts
        self._nodes: list[Node] | None = None
        self._fields: list[tuple[bytes, bytes]] | None = None
        self._values: dict[str, tuple[str, ...]] = {}
        self._addresses: dict[str, list[list[tuple[str, str]]]] = {}
        self._is_changed = False
        self._body: bytes | None = None  # when replaced

    @property
    def header(self) -> bytes:
        """The header block as it is now, its empty line included."""
        if not self._is_changed:
            return self.octets[: header_end(self.octets)]
        return b"".join([raw for _, raw in self._all()]) + b"\r\n"

    @property
    def body(self) -> bytes:
        """What follows the header block."""
        return self.octets[header_end(self.octets) :] if self._body is None else self._body

    @property
    def content(self) -> Content | None:
        """The changed message, or None while it is as it came."""
        if not self._is_changed and self._body is None:
            return None
        return Content(self.header, self._body)

    def has(self, name: str) -> bool:
        """Whether there is a field called ``name``."""
        key = name.lower().encode("utf-8", "replace")
        return any(key == other for other, _ in self._all())

    def values(self, name: str) -> tuple[str, ...]:
        """The values of all fields called ``name``, in order: unfolded, decoded (RFC 2047), stripped."""
        known = self._values.get(name)
        if known is None:
            known = self._values[name] = tuple([decode_words(value).strip() for value in self.raw_values(name)])
        return known

    def addresses(self, name: str) -> list[list[tuple[str, str]]]:
        """Local part and domain of the addresses in each field called ``name``."""
        known = self._addresses.get(name)
        if known is None:
            known = self._addresses[name] = [addresses(value) for value in self.raw_values(name)]
        return known

    def raw_values(self, name: str) -> list[bytes]:
        """The same as octets, not decoded."""
        key = name.lower().encode("utf-8", "replace")
        return [_value(raw) for other, raw in self._all() if other == key]

    def nodes(self) -> list[Node]:
        """The parts of the message as it came, in preorder."""
        if self._nodes is None:
            self._nodes = unpack(self._parts or summarise(self.octets).parts)
        return self._nodes

    def add(self, name: str, value: str, *, last: bool) -> None:
        """A new field, in front of all others or behind them."""
        key = name.encode("ascii")
        field = key.lower(), key + b": " + value.encode("utf-8", "replace") + b"\r\n"
        everything = self._all()
        everything.insert(len(everything) if last else 0, field)
        self._changed(name)

    def numbered(self, name: str) -> list[tuple[int, str]]:
        """Place in the header block and decoded value of each field called ``name``."""
        key = name.lower().encode("utf-8", "replace")
        return [
            (at, decode_words(_value(raw)).strip()) for at, (other, raw) in enumerate(self._all()) if other == key
        ]

    def delete(self, name: str, places: Iterable[int]) -> None:
        """Remove the fields at these places, which `numbered` told."""
        gone = frozenset(places)
        if gone:
            self._fields = [field for at, field in enumerate(self._all()) if at not in gone]
            self._changed(name)

    def replace(self, header: bytes, body: bytes) -> None:
        """Another message in this one's place (RFC 5703)."""
        self._fields = list(_fields(header))
        self._values.clear()
        self._addresses.clear()
        self._is_changed = True
        self._body = body

    def _changed(self, name: str) -> None:
        self._is_changed = True
        for key in [key for key in self._values if key.lower() == name.lower()]:
            del self._values[key]
        for key in [key for key in self._addresses if key.lower() == name.lower()]:
            del self._addresses[key]

    def _all(self) -> list[tuple[bytes, bytes]]:
        if self._fields is None:
            self._fields = list(_fields(self.octets[: header_end(self.octets)]))
        return self._fields


def header_end(octets: bytes) -> int:
    """Where the body begins: behind the first empty line."""
    if octets.startswith((b"\r\n", b"\n")):
        return octets.index(b"\n") + 1
    ends = [at + size for mark, size in ((b"\n\r\n", 3), (b"\n\n", 2)) if (at := octets.find(mark)) >= 0]
    return min(ends, default=len(octets))


def _fields(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    for field in fields(block):
        yield field.name, field.raw if field.raw.endswith(b"\n") else field.raw + b"\r\n"


def _value(raw: bytes) -> bytes:
    return unfold(raw.partition(b":")[2]).strip()


def addresses(value: bytes) -> list[tuple[str, str]]:
    """Local part and domain of all addresses in an unfolded header field; names of groups are none."""
    return [
        (decode(mailbox.local, "us-ascii"), decode(mailbox.domain, "us-ascii"))
        for mailbox in parse_addresses(value)
        if mailbox.local is not None and mailbox.domain is not None
    ]
