"""The view against a naive model: what each session was told is what it would know from a list of its own."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from services.imap.columns import pack
from services.imap.flagsets import FlagTable
from services.imap.snapshot import Snapshot
from services.imap.view import Outcome, View
from shared.contracts.changes import Change, FlagSet, Rows
from shared.protocols.imap.sets import SequenceSet

FLAGSETS = (FlagSet(1, ()), FlagSet(2, ("\\Seen",)), FlagSet(3, ("$Junk", "\\Deleted")))


def rows(messages: list[tuple[int, int, int]]) -> Rows:
    """Packed rows of (uid, modseq, flag set)."""
    uids, modseqs, flagsets = ([m[i] for m in messages] for i in range(3))
    count = len(messages)
    return Rows(
        pack(uids),
        array("Q", modseqs).tobytes(),
        pack(flagsets),
        pack([100] * count),
        array("q", [0] * count).tobytes(),
    )


@dataclass
class Truth:
    """The mailbox itself: what storage would hold."""

    modseq: int = 1
    uidnext: int = 1
    messages: dict[int, tuple[int, int]] = field(default_factory=dict)  # uid -> (modseq, flag set)
    gone: dict[int, int] = field(default_factory=dict)  # uid -> modseq of its end

    def change_since(self, modseq: int) -> Change:
        changed = [(uid, at, flags) for uid, (at, flags) in sorted(self.messages.items()) if at > modseq]
        vanished = sorted(uid for uid, at in self.gone.items() if at > modseq)
        return Change(1, modseq, self.modseq, self.uidnext, rows(changed), pack(vanished), FLAGSETS)

    def arrive(self, count: int) -> None:
        self.modseq += 1
        for _ in range(count):
            self.messages[self.uidnext] = (self.modseq, 1)
            self.uidnext += 1

    def flag(self, uids: list[int], flagset: int) -> None:
        self.modseq += 1
        for uid in uids:
            self.messages[uid] = (self.modseq, flagset)

    def expunge(self, uids: list[int]) -> None:
        self.modseq += 1
        for uid in uids:
            del self.messages[uid]
            self.gone[uid] = self.modseq


class Client:
    """A client that believes what it is told, and nothing else."""

    def __init__(self, snapshot: Snapshot, truth: Truth) -> None:
        self.snapshot = snapshot
        self.uids: list[int] = sorted(truth.messages)
        self.flags = {uid: truth.messages[uid][1] for uid in self.uids}
        self.truth = truth

    def hear(self, *, expunges: bool) -> None:
        news = self.snapshot.news(expunges)
        if not expunges:
            assert not news.expunged
        for number, uid in zip(news.expunged, news.vanished, strict=True):
            assert self.uids.pop(number - 1) == uid
        if news.exists is not None:
            fresh = [uid for uid in sorted(self.truth.messages) if not self.uids or uid > max(self.uids)]
            fresh = [uid for uid in fresh if uid > self.bound]
            self.uids += fresh
            self.flags.update({uid: self.truth.messages[uid][1] for uid in fresh})
            assert len(self.uids) == news.exists
        self.bound = max(self.bound, self.snapshot.view.uids[-1] if self.snapshot.view.uids else 0)
        for sequence, uid, flagset, _ in news.flags:
            assert self.uids[sequence - 1] == uid
            self.flags[uid] = flagset

    bound: int = 0

    def check(self) -> None:
        """Everything the session can ask about its messages agrees with what the client believes."""
        assert self.snapshot.exists == len(self.uids)
        for number, uid in enumerate(self.uids, 1):
            assert self.snapshot.sequence(uid) == number
            assert list(self.snapshot.uids_of(SequenceSet(((number, number),)))) == [uid]
            assert list(self.snapshot.uids_in(SequenceSet(((uid, uid),)))) == [uid]
        assert list(self.snapshot.known().uids) == self.uids
        if self.uids:
            assert list(self.snapshot.uids_of(SequenceSet(((1, 0),)))) == self.uids
        located = self.snapshot.locate(array("I", self.uids))
        assert list(located.uids) == self.uids
        assert [self.uids[number - 1] for number in located.sequences] == self.uids
        assert [located.columns.uids[at] for at in located.positions] == self.uids


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "flag", "expunge", "hear", "quiet", "late", "join", "again"]),
        st.integers(0, 2**32),
        st.integers(1, 5),
    ),
    max_size=40,
)


def pick(truth: Truth, seed: int, count: int) -> list[int]:
    uids = sorted(truth.messages)
    return sorted({uids[(seed * (n + 1) + n) % len(uids)] for n in range(count)}) if uids else []


@settings(max_examples=1000, deadline=None)
@given(STEPS)
def test_every_session_knows_what_it_was_told(steps: list[tuple[str, int, int]]) -> None:
    truth = Truth()
    view = View(FlagTable())
    clients: list[Client] = []
    held = False  # a notice is on its way: the view lags behind the truth
    for step, seed, count in steps:
        before = truth.modseq
        match step:
            case "arrive":
                truth.arrive(count)
            case "flag":
                truth.flag(pick(truth, seed, count), 1 + seed % 3)
            case "expunge":
                truth.expunge(pick(truth, seed, count))
            case "late":
                held = True
            case "again":
                assert view.apply(truth.change_since(max(0, view.modseq - count))) is not Outcome.GAP
                held = False
            case "join" if not held and view.modseq == truth.modseq:
                client = Client(Snapshot(view, 1), truth)
                client.bound = view.uids[-1] if view.uids else 0
                clients.append(client)
        if truth.modseq != before and not held:
            since = before if view.modseq == before else view.modseq
            assert view.apply(truth.change_since(since)) is Outcome.APPLIED
        if step in ("hear", "quiet") and clients and not held:
            clients[seed % len(clients)].hear(expunges=step == "hear")
        if not held:
            for client in clients:
                client.check()
    if view.modseq < truth.modseq:
        assert view.apply(truth.change_since(view.modseq)) is Outcome.APPLIED
    for client in clients:
        client.hear(expunges=True)
        client.check()
        assert client.uids == sorted(truth.messages)
        assert client.flags.items() >= {uid: flags for uid, (_, flags) in truth.messages.items()}.items()
    counts = [flags for _, flags in truth.messages.values()]
    assert view.counts == {number: counts.count(number) for number in set(counts)}


def test_a_gap_is_told_and_an_old_change_dropped() -> None:
    truth = Truth()
    view = View(FlagTable())
    truth.arrive(2)
    first = truth.change_since(1)
    truth.arrive(1)
    late = truth.change_since(2)
    assert view.apply(late) is Outcome.GAP
    assert len(view) == 0
    view.loaded(1, 1)
    assert view.apply(first) is Outcome.APPLIED
    assert view.apply(late) is Outcome.APPLIED
    assert view.apply(late) is Outcome.OLD
    assert list(view.uids) == [1, 2, 3]
    assert view.apply(Change(1, 3, 4, 4, complete=False)) is Outcome.GAP


def test_own_changes_are_not_told_twice() -> None:
    truth = Truth()
    view = View(FlagTable())
    truth.arrive(3)
    view.apply(truth.change_since(0))
    session = Snapshot(view, 1)
    truth.flag([1, 2], 2)
    view.apply(truth.change_since(2))
    session.told(1, truth.modseq)
    assert [told.uid for told in session.news(True).flags] == [2]
    assert session.fresh


def test_first_unseen_and_recent() -> None:
    truth = Truth()
    view = View(FlagTable())
    truth.arrive(4)
    truth.flag([1, 2], 2)
    view.apply(truth.change_since(0))
    session = Snapshot(view, recent_from=4)
    assert view.first_unseen() == 2
    assert session.recent == 1


def test_a_view_read_anew_tells_the_difference() -> None:
    truth = Truth()
    view = View(FlagTable())
    truth.arrive(5)
    view.apply(truth.change_since(0))
    session = Snapshot(view, 1)
    truth.expunge([2, 4])
    truth.flag([5], 3)
    truth.arrive(1)
    fresh = View(view.table)
    fresh.apply(truth.change_since(0))
    view.replace(fresh)
    news = session.news(True)
    assert list(news.expunged) == [2, 3]
    assert news.exists == 4
    assert [told.uid for told in news.flags] == [5]
