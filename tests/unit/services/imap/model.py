"""A naive model of a mailbox, and what one session was told of it.

The model is a dict. A session's belief is a list: it takes each response literally, as a client would, and is
outraged (`Astray`) at what no client could follow: a number that no message has, a UID that changes, an expunge where
RFC 3501 section 7.4.1 forbids it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_NUMBERED = re.compile(rb"\* (\d+) (EXISTS|RECENT|EXPUNGE|FETCH|UIDFETCH)(?: \((.*)\))?\Z", re.DOTALL)
_VANISHED = re.compile(rb"\* VANISHED( \(EARLIER\))? ([0-9:,]+)\Z")
_HIGHEST = re.compile(rb"\[HIGHESTMODSEQ (\d+)\]")
_UID = re.compile(rb"\bUID (\d+)")
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
_MODSEQ = re.compile(rb"MODSEQ \((\d+)\)")

Flags = frozenset[str]


class Astray(AssertionError):
    """The server said what cannot be."""


@dataclass
class Message:
    """One message as a client knows it; 0 and None for what it was not told."""

    uid: int = 0
    flags: Flags | None = None


@dataclass
class Truth:
    """The mailbox itself: flags by UID, in the order of UIDs."""

    messages: dict[int, Flags] = field(default_factory=dict)
    uidnext: int = 1

    def add(self, flags: Flags = frozenset()) -> None:
        self.messages[self.uidnext] = flags
        self.uidnext += 1

    def store(self, uids: Iterable[int], mode: str, flags: Flags) -> None:
        for uid in uids:
            if uid in self.messages:
                old = self.messages[uid]
                self.messages[uid] = {"+": old | flags, "-": old - flags, "": flags}[mode]

    def expunge(self, among: Iterable[int] | None = None) -> list[int]:
        """Remove what is \\Deleted; its UIDs."""
        chosen = set(self.messages if among is None else among)
        gone = [uid for uid, flags in self.messages.items() if "\\Deleted" in flags and uid in chosen]
        self.remove(gone)
        return gone

    def remove(self, uids: Iterable[int]) -> None:
        for uid in list(uids):
            self.messages.pop(uid, None)


class Belief:
    """All that a session was told of its mailbox."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.highest = 0  # the modseq to resynchronise from
        self.by_number = False  # the command in hand names messages by number: no expunge may be told
        self.fetched: list[int] = []  # numbers, or UIDs, of the FETCH responses to the last command
        self.heard_flags: dict[int, Flags] = {}  # by UID, in the responses to the last command
        self.vanished = False  # QRESYNC is on
        self.uid_only = False

    def hear(self, lines: Iterable[bytes], *, by_number: bool = False) -> None:
        """The responses to one command, in order. ``highest`` follows RFC 7162 section 6."""
        self.by_number = by_number
        self.fetched, self.heard_flags = [], {}
        seen, told = self.highest, 0
        for line in lines:
            if numbered := _NUMBERED.match(line):
                self._numbered(int(numbered[1]), numbered[2], numbered[3] or b"", line)
            elif gone := _VANISHED.match(line):
                self._vanish(expanded(gone[2]), earlier=bool(gone[1]), line=line)
            if highest := _HIGHEST.search(line):
                told = int(highest[1])
            if modseq := _MODSEQ.search(line):
                seen = max(seen, int(modseq[1]))
        self.highest = told or seen

    def _numbered(self, number: int, word: bytes, items: bytes, line: bytes) -> None:
        if word == b"EXISTS":
            if number < len(self.messages):
                raise Astray(f"{line!r} with {len(self.messages)} messages")
            self.messages += (Message() for _ in range(number - len(self.messages)))
        elif word == b"EXPUNGE":
            if self.by_number or self.vanished or self.uid_only or not 1 <= number <= len(self.messages):
                raise Astray(f"{line!r} is not due")
            del self.messages[number - 1]
        elif word == b"FETCH":
            if self.uid_only or not 1 <= number <= len(self.messages):
                raise Astray(f"{line!r} with {len(self.messages)} messages")
            self.fetched.append(number)
            self._fetch(self.messages[number - 1], items, line)
        elif word == b"UIDFETCH":
            self.fetched.append(number)
            if number not in self.uids:
                self._meet(number)
            self._fetch(self.messages[self.uids.index(number)], items, line)

    def _fetch(self, message: Message, items: bytes, line: bytes) -> None:
        if uid := _UID.search(items):
            if message.uid not in (0, int(uid[1])):
                raise Astray(f"{line!r} but it had UID {message.uid}")
            message.uid = int(uid[1])
        elif self.vanished and not self.uid_only and b"FLAGS" in items and _MODSEQ.search(items):
            raise Astray(f"{line!r} has no UID")
        if flags := _FLAGS.search(items):
            message.flags = frozenset(flags[1].decode().split()) - {"\\Recent"}
            self.heard_flags[message.uid] = message.flags

    def _vanish(self, uids: Iterable[int], *, earlier: bool, line: bytes) -> None:
        if not (self.vanished or self.uid_only) or (self.by_number and not earlier):
            raise Astray(f"{line!r} is not due")
        for uid in uids:
            known = [place for place, message in enumerate(self.messages) if message.uid == uid]
            if earlier and known:
                raise Astray(f"{line!r} names a message that is counted")
            if not earlier:
                del self.messages[known[0] if known else self._nameless(uid)]

    def _meet(self, uid: int) -> None:
        """A message that was only counted so far; without numbers it may be any of those."""
        if 0 not in self.uids:
            raise Astray(f"UID {uid} beside {self.uids}, which are all")
        named = [message for message in self.messages if message.uid] + [Message(uid)]
        nameless = [Message() for _ in range(len(self.messages) - len(named))]
        self.messages = sorted(named, key=lambda message: message.uid) + nameless

    def _nameless(self, uid: int) -> int:
        """A message that vanishes before its UID was told: the first of those that can have had it."""
        if self.uid_only and 0 in self.uids:
            return self.uids.index(0)
        for place, message in enumerate(self.messages):
            if not message.uid and all(each.uid < uid for each in self.messages[:place] if each.uid):
                return place
        raise Astray(f"no message can have had UID {uid}")

    @property
    def uids(self) -> list[int]:
        return [message.uid for message in self.messages]


def expanded(numbers: bytes) -> list[int]:
    """The numbers of a set."""
    found: list[int] = []
    for part in numbers.split(b","):
        low, _, high = part.partition(b":")
        found += range(int(low), int(high or low) + 1)
    return found
