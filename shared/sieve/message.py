"""The message under a script: header fields that are read, decoded and changed as asked for, and its parts.

Deleting and adding fields (RFC 5293) works on a list that stands in for the header block from the first change on;
the octets of untouched fields stay as they came. Replaced parts (RFC 5703) wait until the loop over the parts ends;
then, or when the whole is replaced or enclosed, this becomes another message, with parts of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from shared.mail.address_list import parse_addresses
from shared.mail.charsets import decode
from shared.mail.compose import field
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
    deliver_by: float = 0.0  # Unix seconds (RFC 2852)
    by_mode: str = ""  # R or N, maybe with T; "" when the sender asks for no time


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
        self._is_changed = False  # the header
        self._replaced: dict[int, bytes] = {}  # parts, by row
        self._forwarded: Content | None = None  # before it was enclosed
        self._is_enclosed = False
        self.version = 0  # grows when this becomes another message

    @property
    def header(self) -> bytes:
        """The header block as it is now, its empty line included."""
        if not self._is_changed:
            return self.octets[: header_end(self.octets)]
        return b"".join([raw for _, raw in self._all()]) + b"\r\n"

    @property
    def body(self) -> bytes:
        """What follows the header block."""
        return self._spliced() if self._replaced else self.octets[header_end(self.octets) :]

    @property
    def content(self) -> Content | None:
        """The changed message, or None while it is as it came."""
        if self.version or self._replaced:
            return Content(self.header, self.body)
        return Content(self.header) if self._is_changed else None

    @property
    def forwarded(self) -> Content | None:
        """The same for what is sent on: not enclosed (RFC 5703 section 6)."""
        return self._forwarded if self._is_enclosed else self.content

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
        """A new field, in front of all others or behind them; folded, and encoded where it must be."""
        everything = self._all()
        everything.insert(len(everything) if last else 0, (name.lower().encode(), field(name, value)))
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

    def raw_fields(self) -> list[tuple[bytes, bytes]]:
        """Lower-case name and octets, line end included, of all fields as they are now."""
        return list(self._all())

    def replace_part(self, node: Node, octets: bytes) -> None:
        """Other octets in the place of a part and of its header."""
        self._replaced[node.row] = octets

    def is_replaced(self, node: Node) -> bool:
        """Whether a part was replaced, and the message has not been settled since."""
        return node.row in self._replaced

    def settle(self) -> None:
        """Become the message with all replaced parts in place."""
        if self._replaced:
            self.become(self.header + self._spliced())

    def become(self, octets: bytes) -> None:
        """Be another message."""
        self.octets = octets
        self.version += 1
        self._parts, self._nodes, self._fields = b"", None, None
        self._values.clear()
        self._addresses.clear()
        self._replaced.clear()
        self._is_changed = False

    def enclose(self, octets: bytes) -> None:
        """Be the message that encloses this one."""
        self._forwarded = self.forwarded
        self._is_enclosed = True
        self.become(octets)

    def _spliced(self) -> bytes:
        """The body with the replaced parts; what was inside of one is gone with it."""
        pieces: list[bytes] = []
        at = header_end(self.octets)
        for row in sorted(self._replaced):
            part = self.nodes()[row].part
            if part.header_start >= at:
                pieces += [self.octets[at : part.header_start], self._replaced[row]]
                at = part.end
        return b"".join([*pieces, self.octets[at:]])

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
    for one in fields(block):
        yield one.name, one.raw if one.raw.endswith(b"\n") else one.raw + b"\r\n"


def _value(raw: bytes) -> bytes:
    return unfold(raw.partition(b":")[2]).strip()


def addresses(value: bytes) -> list[tuple[str, str]]:
    """Local part and domain of all addresses in an unfolded header field; names of groups are none."""
    return [
        (decode(mailbox.local, "us-ascii"), decode(mailbox.domain, "us-ascii"))
        for mailbox in parse_addresses(value)
        if mailbox.local is not None and mailbox.domain is not None
    ]
