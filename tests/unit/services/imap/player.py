"""A client that does what a die tells it, and holds everything it hears against the model."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable

import trio.testing

from shared.protocols.imap.strings import number_set
from tests.support.storage import letter_octets
from tests.unit.services.imap.model import Astray, Belief, Flags, Message, Truth, expanded
from tests.unit.services.imap.stage import Client, Front

_FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "\\Answered", "$Work")
_VALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]")
_UID = re.compile(rb"UID (\d+)|\* (\d+) UIDFETCH")
_TOLD = re.compile(rb"FLAGS \(([^)]*)\)")
_APPENDED = re.compile(rb"OK \[APPENDUID \d+ (\d+)\]")
ENABLED = {"plain": "", "qresync": "QRESYNC", "rev2": "IMAP4rev2", "uid-only": "UIDONLY", "all": "QRESYNC UIDONLY"}


class Player:
    """One session in one of the dialects of `ENABLED`."""

    def __init__(self, client: Client, truth: Truth, chance: random.Random, dialect: str) -> None:
        self.client = client
        self.truth = truth
        self.chance = chance
        self.dialect = dialect
        self.agree: Callable[[], None] = lambda: None  # puts the model right where what commands do is not certain
        self.belief = Belief()
        self.uidvalidity = 0
        self.fetched: list[int] = []  # numbers of the FETCH responses to the last command
        self.log: list[str] = []  # what was asked, for whoever reads a failure

    @classmethod
    async def enter(cls, front: Front, truth: Truth, chance: random.Random, dialect: str) -> Player:
        """Log in and select INBOX."""
        player = cls(await front.logged_in(), truth, chance, dialect)
        if ENABLED[dialect]:
            await player.client.ok(f"ENABLE {ENABLED[dialect]}")
        await player.select()
        return player

    @property
    def numberless(self) -> bool:
        return self.belief.uid_only

    async def ask(self, command: str, *, by_number: bool = False) -> list[bytes]:
        """Ask, hear, and return all responses; the tagged one must be OK."""
        self.log.append(command)
        found = await self.client.ask(command)
        if not found[-1].startswith(b"OK"):
            raise Astray(f"{command}: {found[-1]!r}")
        self.belief.hear(found, by_number=by_number)
        self.fetched = self.belief.fetched
        await self._name()
        return found

    async def _name(self) -> None:
        """Ask for the UIDs of messages that were only counted so far."""
        for attempt in itertools.count():
            if 0 not in self.belief.uids:
                return
            if attempt == 5:
                raise Astray(f"messages without UID: {self.belief.uids}")
            first = self.belief.uids.index(0) + 1
            command = "UID FETCH 1:* (FLAGS)" if self.numberless else f"FETCH {first}:* (UID FLAGS)"
            self.log.append(command)
            self.belief.hear(await self.client.ask(command), by_number=not self.numberless)

    # --- the whole mailbox ---

    async def select(self, parameters: str = "") -> None:
        """SELECT INBOX, knowing nothing of it."""
        self.belief = Belief()
        self.belief.vanished = "QRESYNC" in ENABLED[self.dialect]
        self.belief.uid_only = "UIDONLY" in ENABLED[self.dialect]
        found = await self.ask(f"SELECT INBOX{parameters}")
        validity = _VALIDITY.search(b"".join(found))
        assert validity
        self.uidvalidity = int(validity[1])

    async def learn(self) -> list[tuple[int, Flags]]:
        """Ask for all UIDs and flags; UIDs and flags in the order of numbers."""
        await self.ask(
            "UID FETCH 1:* (UID FLAGS)" if self.numberless else "FETCH 1:* (UID FLAGS)", by_number=not self.numberless
        )
        return [(message.uid, message.flags or frozenset()) for message in self.belief.messages]

    async def resynchronise(self) -> None:
        """Leave, come back with what is known, and be told exactly what is different (RFC 7162 section 3.2.5)."""
        if not self.belief.vanished:
            await self.ask("CHECK")
            return
        known = dict(await self.learn())
        since = self.belief.highest
        await self.ask("UNSELECT")
        found = await self.client.ask(f"SELECT INBOX (QRESYNC ({self.uidvalidity} {since}))")
        self.log.append(f"SELECT since {since}")
        changes = [line for line in found if b"FETCH (" in line]
        for line in found:
            if line.startswith(b"* VANISHED (EARLIER) "):
                for uid in expanded(line.rpartition(b" ")[2]):
                    known.pop(uid, None)
        known |= dict(map(_uid_and_flags, changes))
        if known != self.truth.messages:
            raise Astray(f"resynchronised to {known}, in truth {self.truth.messages}")
        belief = Belief()
        belief.vanished, belief.uid_only = True, self.belief.uid_only
        belief.hear(line for line in found if line not in changes and b"VANISHED" not in line)
        if len(belief.messages) != len(known):
            raise Astray(f"{len(belief.messages)} messages counted, {len(known)} known")
        belief.messages = [Message(uid, flags) for uid, flags in sorted(known.items())]
        belief.hear(changes)
        self.belief = belief

    async def settled(self) -> None:
        """Everything has got around: what the session was told must be the truth."""
        await self.ask("NOOP")
        wanted = list(self.truth.messages.items())
        if len(self.belief.messages) != len(wanted):
            raise Astray(f"{len(self.belief.messages)} messages believed, {len(wanted)} in truth")
        for message, (uid, flags) in zip(self.belief.messages, wanted, strict=True):
            if message.uid not in (0, uid) or message.flags not in (None, flags):
                raise Astray(f"believed {message}, in truth {uid} {flags}")
        learnt = await self.learn()
        if learnt != wanted:
            raise Astray(f"learnt {learnt}, in truth {wanted}")

    # --- one command ---

    async def act(self) -> None:
        """Something, by the die."""
        await trio.testing.wait_all_tasks_blocked()
        await self.chance.choice(_ACTIONS)(self)
        self.agree()

    async def _chosen(self, *, by_uid: bool) -> tuple[str, list[int]]:
        """Some messages: their set as the command writes it, and their UIDs."""
        count = len(self.belief.messages)
        places = sorted(self.chance.sample(range(count), self.chance.randint(1, min(count, 4)))) if count else []
        uids = [self.belief.messages[place].uid for place in places]
        return number_set(uids if by_uid else [place + 1 for place in places]).decode(), uids

    def _prefix(self) -> str:
        return "UID " if self.numberless or self.chance.random() < 0.5 else ""

    async def fetch(self) -> None:
        prefix = self._prefix()
        numbers, uids = await self._chosen(by_uid=bool(prefix))
        if not uids:
            return
        items = self.chance.choice(("FLAGS", "(UID FLAGS)", "(UID)", "(FLAGS RFC822.SIZE)", "(ENVELOPE)"))
        await self.ask(f"{prefix}FETCH {numbers} {items}", by_number=not prefix)
        if not prefix and self.fetched[: len(uids)] != expanded(numbers.encode()) and "ENVELOPE" not in items:
            raise Astray(f"asked for {numbers}, got {self.fetched}")

    async def store(self) -> None:
        prefix = self._prefix()
        numbers, uids = await self._chosen(by_uid=bool(prefix))
        if not uids:
            return
        mode, silent = self.chance.choice(("+", "-", "")), self.chance.choice(("", ".SILENT"))
        flags = frozenset(self.chance.sample(_FLAGS, self.chance.randint(1, 2)))
        self.truth.store(uids, mode, flags)
        command = f"{prefix}STORE {numbers} {mode}FLAGS{silent} ({' '.join(sorted(flags))})"
        await self.ask(command, by_number=not prefix)
        if silent:
            for message in self.belief.messages:
                if message.uid in uids:
                    message.flags = self.truth.messages.get(message.uid)

    async def expunge(self) -> None:
        if self.chance.random() < 0.5:
            self.truth.expunge()
            await self.ask("EXPUNGE")
            return
        numbers, uids = await self._chosen(by_uid=True)
        if uids:
            self.truth.expunge(uids)
            await self.ask(f"UID EXPUNGE {numbers}")

    async def append(self) -> None:
        flags = self.chance.choice(("", "\\Seen", "\\Deleted $Work"))
        octets = letter_octets()
        tagged = await self.client.ask(b"APPEND INBOX (%b) {%d+}\r\n%b" % (flags.encode(), len(octets), octets))
        self.log.append("APPEND")
        appended = _APPENDED.match(tagged[-1])
        if appended is None or int(appended[1]) != self.truth.uidnext:
            raise Astray(f"{tagged[-1]!r}, expected UID {self.truth.uidnext}")
        self.truth.add(frozenset(flags.split()))
        self.belief.hear(tagged)
        await self._name()

    async def copy(self) -> None:
        prefix = self._prefix()
        numbers, uids = await self._chosen(by_uid=bool(prefix))
        if uids and len(self.truth.messages) < 30:
            for uid in uids:
                if uid in self.truth.messages:
                    self.truth.add(self.truth.messages[uid])
            await self.ask(f"{prefix}COPY {numbers} INBOX")

    async def move(self) -> None:
        prefix = self._prefix()
        numbers, uids = await self._chosen(by_uid=bool(prefix))
        if uids:
            self.truth.remove(uids)
            await self.ask(f"{prefix}MOVE {numbers} Archive")

    async def search(self) -> None:
        key = self.chance.choice(("ALL", "UNSEEN", "DELETED", "KEYWORD $Work", "NOT FLAGGED", "1:*", "SUBJECT Hello"))
        prefix = self._prefix()
        if self.numberless and key == "1:*":
            key = "UID 1:*"
        await self.ask(f"{prefix}SEARCH {key}", by_number=not prefix or key == "1:*")

    async def idle(self) -> None:
        self.log.append("IDLE")
        await self.client.send(b"i IDLE\r\n")
        found = []
        while not (line := await self.client.response()).startswith(b"+"):
            found.append(line)
        await self.client.send(b"DONE\r\n")
        self.belief.hear([*found, *await self.client.until(b"i")])
        await self._name()

    async def noop(self) -> None:
        await self.ask(self.chance.choice(("NOOP", "CHECK", "STATUS INBOX (MESSAGES)")))

    async def leave_and_return(self) -> None:
        command = self.chance.choice(("CLOSE", "UNSELECT", ""))
        if command == "CLOSE":
            self.truth.expunge()
        if command:
            await self.ask(command)
        await self.select()


def _uid_and_flags(line: bytes) -> tuple[int, Flags]:
    uid, flags = _UID.search(line), _TOLD.search(line)
    if uid is None or flags is None:
        raise Astray(f"{line!r} lacks UID or flags")
    return int(uid[1] or uid[2]), frozenset(flags[1].decode().split()) - {"\\Recent"}


_ACTIONS = (
    *[Player.fetch] * 3, *[Player.store] * 5, *[Player.expunge] * 2, *[Player.append] * 3, Player.copy, Player.move,
    *[Player.search] * 2, Player.idle, *[Player.noop] * 2, Player.leave_and_return, Player.resynchronise,
)  # fmt: skip
