"""What the load was promised: every acknowledgement a server gave, and what it showed of UIDs and modseqs."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


class Broken(AssertionError):
    """A promise of the server does not hold."""


@dataclass
class Ledger:
    """Shared by all load threads. Letters are known by their Message-ID."""

    acknowledged: dict[str, str] = field(default_factory=dict)  # letter -> address, after the 250 or the OK
    attempted: dict[str, str] = field(default_factory=dict)  # letter -> address, sent, fate unknown to the client
    removed: set[str] = field(default_factory=set)  # expunge acknowledged
    doubtful: set[str] = field(default_factory=set)  # an expunge was sent; its answer may be missing
    uids: dict[tuple[str, str, int, int], str] = field(default_factory=dict)  # account, mailbox, uidvalidity, uid
    modseqs: dict[tuple[str, str, int], int] = field(default_factory=dict)
    failures: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def attempt(self, letter: str, address: str) -> None:
        with self._lock:
            self.attempted[letter] = address

    def acknowledge(self, letter: str, address: str) -> None:
        with self._lock:
            self.acknowledged[letter] = address

    def fail(self) -> None:
        with self._lock:
            self.failures += 1

    def remove(self, letter: str) -> None:
        with self._lock:
            self.removed.add(letter)

    def doubt(self, letter: str) -> None:
        with self._lock:
            self.doubtful.add(letter)

    def see_uid(self, account: str, mailbox: str, uidvalidity: int, uid: int, letter: str) -> None:
        """One UID stands for one message for ever."""
        with self._lock:
            known = self.uids.setdefault((account, mailbox, uidvalidity, uid), letter)
        if known != letter:
            raise Broken(f"{account} {mailbox}: UID {uid} was {known} and is {letter}")

    def see_modseq(self, account: str, mailbox: str, uidvalidity: int, modseq: int) -> None:
        """HIGHESTMODSEQ never decreases."""
        key = (account, mailbox, uidvalidity)
        with self._lock:
            before = self.modseqs.get(key, 0)
            self.modseqs[key] = max(before, modseq)
        if modseq < before:
            raise Broken(f"{account} {mailbox}: HIGHESTMODSEQ went from {before} to {modseq}")
