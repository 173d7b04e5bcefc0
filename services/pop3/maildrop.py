"""A maildrop as one session sees it: fixed from login on, with marks of deletion (RFC 1939 sections 4 and 5).

Invariants:

1. Message numbers run from 1 in UID order and never change; a marked message keeps its number and is not shown.
2. Nothing here deletes anything: `marked_uids` is what QUIT asks storage to remove.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence

from services.pop3.errors import CommandRefused
from shared.contracts import maildrop


class Maildrop:
    __slots__ = ("_marked", "_prefix", "_sizes", "_uids", "mailbox", "octets")

    def __init__(self, pages: Sequence[maildrop.Maildrop]) -> None:
        """``pages`` are all pages of one maildrop, at least one."""
        self.mailbox = pages[0].mailbox
        self._uids = _unpacked(b"".join(page.uids for page in pages))
        self._sizes = _unpacked(b"".join(page.sizes for page in pages))
        self._marked: set[int] = set()
        self._prefix = f"{pages[0].uidvalidity:08x}"
        self.octets = sum(self._sizes)  # of all messages that are not marked

    def __len__(self) -> int:
        """All messages, the marked ones included."""
        return len(self._uids)

    @property
    def shown(self) -> int:
        """How many messages are not marked."""
        return len(self._uids) - len(self._marked)

    @property
    def marked(self) -> int:
        return len(self._marked)

    def check(self, number: int) -> None:
        """Refuse a number that is no message's, or a marked one's."""
        if not 1 <= number <= len(self._uids) or number in self._marked:
            raise CommandRefused("no such message")

    def size(self, number: int) -> int:
        return self._sizes[number - 1]

    def uid(self, number: int) -> int:
        return self._uids[number - 1]

    def unique_id(self, number: int) -> str:
        """What UIDL tells: the same in every session, and never another message's."""
        return f"{self._prefix}{self._uids[number - 1]:08x}"

    def numbers(self, first: int = 1) -> Iterator[int]:
        """The messages that are not marked, from ``first`` on."""
        marked = self._marked
        return (number for number in range(first, len(self._uids) + 1) if number not in marked)

    def mark(self, number: int) -> None:
        self._marked.add(number)
        self.octets -= self._sizes[number - 1]

    def unmark_all(self) -> None:
        self._marked.clear()
        self.octets = sum(self._sizes)

    def marked_uids(self) -> bytes:
        """Packed, ascending."""
        return _packed(array("I", (self._uids[number - 1] for number in sorted(self._marked))))


def last_uid(page: maildrop.Maildrop, otherwise: int) -> int:
    """The highest UID of a page, or ``otherwise`` where it is empty."""
    return int.from_bytes(page.uids[-4:], "little") if page.uids else otherwise


def _unpacked(octets: bytes) -> array[int]:
    column = array("I")
    column.frombytes(octets)
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _packed(column: array[int]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()
