"""Random sequences of writes against a naive model: dictionaries of mailboxes.

Checked after every step: what a page shows, the counters, UIDs and modseqs that only grow, what content is used how
often, and that `mailboxes.sync` from any modseq that was ever current turns the view of that moment into the present.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from services.storage.rules import flags
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import account, content, message
from shared.contracts import mailboxes, messages
from shared.contracts.changes import Change, Rows, mailbox_changed
from shared.contracts.mailboxes import Open, PageRequest, Rename, StatusRequest, SyncRequest
from shared.contracts.messages import Copy, Deliver, Expunge, Mode, Target
from shared.contracts.messages import Store as StoreRequest
from tests.support.storage import GRANT, Store, letter_octets, new

NAMES = st.sampled_from(["INBOX", "Trash", "Sent"])
FLAGS = st.lists(st.sampled_from(["\\Seen", "\\Deleted", "\\Flagged", "work", "$Junk"]), max_size=3)
TEXTS = st.sampled_from(["one", "two", "three"])
SOME = st.sets(st.integers(1, 12), max_size=5)

View = dict[int, tuple[str, ...]]  # flags by UID


@dataclass
class Box:
    """One mailbox of the model; ``past`` holds its view by modseq."""

    view: View = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    uidnext: int = 1
    past: dict[int, View] = field(default_factory=dict)

    def add(self, text: str, given: tuple[str, ...]) -> None:
        self.view[self.uidnext] = given
        self.texts[self.uidnext] = text
        self.uidnext += 1

    def remove(self, uid: int) -> None:
        del self.view[uid], self.texts[uid]


def apply(view: View, rows: Rows, vanished: bytes, explained: dict[int, tuple[str, ...]]) -> View:
    numbers = memoryview(rows.flagsets).cast("I")
    new_view = dict(view)
    for uid, number in zip(unpack_uids(rows.uids), numbers, strict=True):
        new_view[uid] = explained[number]
    for uid in unpack_uids(vanished):
        new_view.pop(uid, None)
    return new_view


class Mailboxes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name))
        self.boxes = {name: Box() for name in ("INBOX", "Trash", "Sent")}
        self.modseqs: dict[int, int] = {}
        self.renamed = 0

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    def opened(self, name: str) -> Any:
        return self.store.call(mailboxes.open, Open(GRANT, name, writable=False))

    @rule(name=NAMES, texts=st.lists(TEXTS, min_size=1, max_size=3), given=FLAGS)
    def append(self, name: str, texts: list[str], given: list[str]) -> None:
        self.store.append(*[new(letter_octets(text), given) for text in texts], mailbox=name)
        for text in texts:
            self.boxes[name].add(text, flags.canonical(given))

    @rule(name=NAMES, text=TEXTS, again=st.booleans())
    def deliver(self, name: str, text: str, again: bool) -> None:
        letter = self.store.accept(letter_octets(text))
        filing = self.store.filing(letter, Target(self.store.bob, name, b""))
        for _ in range(1 + again):
            self.store.call(messages.deliver, Deliver((filing,)))
        self.boxes[name].add(text, ())

    @rule(name=NAMES, uids=SOME, to=NAMES, move=st.booleans())
    def copy(self, name: str, uids: set[int], to: str, move: bool) -> None:
        source, target = self.boxes[name], self.boxes[to]
        request = Copy(GRANT, self.store.key(), self.opened(name).mailbox, pack_u32(sorted(uids)), to, move)
        answer = self.store.call(messages.copy, request)
        there = [uid for uid in sorted(uids) if uid in source.view]
        assert unpack_uids(answer.source) == there
        assert unpack_uids(answer.uids) == list(range(target.uidnext, target.uidnext + len(there)))
        for uid in there:
            target.add(source.texts[uid], source.view[uid])
        if move:
            for uid in there:
                source.remove(uid)

    @rule(name=NAMES, uids=SOME, mode=st.sampled_from(Mode), given=FLAGS)
    def set_flags(self, name: str, uids: set[int], mode: Mode, given: list[str]) -> None:
        packed = pack_u32(sorted(uids))
        mailbox = self.opened(name).mailbox
        self.store.call(messages.store, StoreRequest(GRANT, self.store.key(), mailbox, packed, mode, tuple(given)))
        view = self.boxes[name].view
        for uid in uids & view.keys():
            view[uid] = flags.combine(view[uid], mode, flags.canonical(given))

    @rule(name=NAMES, uids=st.none() | SOME)
    def expunge(self, name: str, uids: set[int] | None) -> None:
        packed = None if uids is None else pack_u32(sorted(uids))
        self.store.call(messages.expunge, Expunge(GRANT, self.store.key(), self.opened(name).mailbox, packed))
        box = self.boxes[name]
        for uid in [uid for uid, given in box.view.items() if "\\Deleted" in given]:
            if uids is None or uid in uids:
                box.remove(uid)

    @rule()
    def rename_inbox(self) -> None:
        self.renamed += 1
        name = f"Old {self.renamed}"
        self.store.call(mailboxes.rename, Rename(GRANT, self.store.key(), "INBOX", name))
        self.boxes[name], self.boxes["INBOX"] = self.boxes["INBOX"], Box()

    @invariant()
    def pages_and_counters_agree(self) -> None:
        names = tuple(self.boxes)
        states = self.store.call(mailboxes.status, StatusRequest(GRANT, names)).states
        for (name, box), state in zip(self.boxes.items(), states, strict=True):
            number = self.opened(name).mailbox
            page = self.store.call(mailboxes.page, PageRequest(GRANT, number, 0, 1000))
            assert apply({}, page.rows, b"", dict(page.flagsets)) == box.view
            assert (state.messages, state.uidnext) == (len(box.view), box.uidnext)
            assert state.unseen == sum("\\Seen" not in given for given in box.view.values())
            assert state.deleted == sum("\\Deleted" in given for given in box.view.values())
            assert state.octets == sum(memoryview(page.rows.sizes).cast("I"))
            assert state.modseq >= self.modseqs.get(number, 0)
            self.modseqs[number] = state.modseq
            before = box.past.setdefault(state.modseq, dict(box.view))
            assert before == box.view, "a change without a new modseq"

    @invariant()
    def the_past_leads_to_the_present(self) -> None:
        for name, box in self.boxes.items():
            number = self.opened(name).mailbox
            for modseq, view in box.past.items():
                change = self.store.call(mailboxes.sync, SyncRequest(GRANT, number, modseq))
                assert change.complete
                assert apply(view, change.rows, change.vanished, dict(change.flagsets)) == box.view

    @invariant()
    def events_lead_from_modseq_to_modseq(self) -> None:
        at: dict[int, int] = {}
        for told in self.store.announcements:
            if told.event is mailbox_changed:
                change = told.payload
                assert isinstance(change, Change)
                assert change.previous == at.get(change.mailbox, change.previous)
                at[change.mailbox] = change.modseq
        now = {opened.mailbox: opened.modseq for opened in map(self.opened, self.boxes)}
        assert at.items() <= now.items()

    @invariant()
    def content_is_used_as_often_as_it_is_named(self) -> None:
        named = Counter(row.content_id for row in self.store.query(select(message.c.content_id)))
        texts = Counter(text for box in self.boxes.values() for text in box.texts.values())
        used = {row.id: (row.uses, row.subject) for row in self.store.query(select(content))}
        assert {number: uses for number, (uses, _) in used.items() if uses} == dict(named)
        assert {subject: uses for uses, subject in used.values() if uses} == dict(texts)
        (total,) = self.store.query(select(account.c.messages))
        assert total.messages == sum(texts.values())


Mailboxes.TestCase.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestMailboxes = Mailboxes.TestCase
