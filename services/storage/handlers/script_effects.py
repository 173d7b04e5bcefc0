"""What scripts do besides filing: letters that join the spool, memories, lines of logs.

Invariant: all of it is written in the transaction that settles the recipient or event it comes from; so it happens
once, whatever is repeated, and a memory that is asked for as fresh is known to nobody else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from services.storage.repositories import contents, letters, sieve_log, sieve_memories
from services.storage.repositories.letters import Origin, Spawned
from services.storage.repositories.sieve_log import Line
from services.storage.repositories.sieve_memories import Key
from services.storage.rules.mailbox_finding import find
from services.storage.unit_of_work import UnitOfWork
from shared.contracts.messages import Effects, Mailing, Memory, Target


class Entry(Protocol):
    """What a script ran for: a due recipient of a letter, or an IMAP event at ``address``'s."""

    @property
    def seq(self) -> int: ...

    @property
    def content_id(self) -> int: ...

    @property
    def address(self) -> str: ...


class EffectBatch:
    """The effects of one transaction, taken one by one and written at its end."""

    def __init__(
        self,
        work: UnitOfWork,
        effects: Sequence[Effects],
        forwarded: Callable[[str, str], str],
        origins: Callable[[Collection[int]], Mapping[int, Origin]],
    ) -> None:
        """``forwarded`` tells under which name a sender's letter goes on from an address of ours, ``origins`` what
        letters get from the entries they come from."""
        self._work = work
        self._forwarded = forwarded
        self._origins = origins
        self._known = sieve_memories.live(work.connection, work.now, _keys(effects))
        self._until: dict[Key, int] = {}
        self._lines: list[Line] = []
        self._mailings: list[tuple[Entry, Mailing]] = []
        self._sent_on: set[tuple[int, Mailing]] = set()  # by the letter they come from

    def clash(self, effects: Effects) -> str | None:
        """A memory that is not fresh any more, None when all are."""
        return next((one.key for one in effects.memories if one.fresh and self._knows(one)), None)

    def take(self, letter: str, entry: Entry, effects: Effects) -> list[Mailing]:
        """Let these happen; the letters that are really made."""
        made = []
        for mailing in effects.mailings:
            if self._is_repeated(entry, mailing):
                continue
            if mailing.once is not None:
                if self._knows(mailing.once):
                    continue
                self._keep(mailing.once)
            made.append(mailing)
            self._mailings.append((entry, mailing))
        for memory in effects.memories:
            self._keep(memory)
        self._lines += [Line(note.account, letter, note.text) for note in effects.notes]
        return made

    def save(self, uses: Counter[int]) -> int:
        """Write all; how many letters joined the spool. ``uses`` counts those that hold their origin's octets."""
        connection, now = self._work.connection, self._work.now
        sieve_memories.keep(connection, self._until)
        sieve_log.add(connection, now, self._lines)
        if not self._mailings:
            return 0
        changed = [mailing.changed for _, mailing in self._mailings if mailing.changed is not None]
        interned = iter(contents.intern(connection, now, changed) if changed else ())
        origins = self._origins({entry.seq for entry, _ in self._mailings})
        spawned = []
        for entry, mailing in self._mailings:
            if mailing.changed is None:
                uses[entry.content_id] += 1
            number = entry.content_id if mailing.changed is None else next(interned)
            sender = self._forwarded(mailing.sender, entry.address) if mailing.prefix and mailing.sender else ""
            spawned.append(Spawned(origins[entry.seq], number, mailing, sender))
        letters.spawn(connection, now, spawned)
        return len(spawned)

    def _is_repeated(self, entry: Entry, mailing: Mailing) -> bool:
        """Whether the same account has sent this letter on already, for another of its addresses."""
        if not mailing.prefix:
            return False
        same = (entry.seq, mailing._replace(letter=""))
        if same in self._sent_on:
            return True
        self._sent_on.add(same)
        return False

    def _knows(self, memory: Memory) -> bool:
        return (memory.account, memory.key) in self._known

    def _keep(self, memory: Memory) -> None:
        key = (memory.account, memory.key)
        self._known.add(key)
        self._until[key] = int(self._work.now) + memory.seconds


def copies_of(effects: Effects) -> Iterator[Target]:
    """Where copies of letters go that are made besides."""
    for mailing in effects.mailings:
        yield from mailing.copies


def with_names(effects: Effects, rows: Sequence[Any]) -> Effects:
    """``effects`` with each mailbox called by its name; ``rows`` are the mailboxes that there are."""
    mailings = tuple(each._replace(copies=find(each.copies, rows)) for each in effects.mailings)
    return effects._replace(mailings=mailings)


def _keys(effects: Sequence[Effects]) -> set[Key]:
    keys: set[Key] = set()
    for each in effects:
        keys.update((memory.account, memory.key) for memory in each.memories)
        onces = (mailing.once for mailing in each.mailings)
        keys.update((once.account, once.key) for once in onces if once is not None)
    return keys
