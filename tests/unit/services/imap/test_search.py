"""SEARCH against a judge that looks at each message by itself."""

from __future__ import annotations

from array import array
from typing import Any, NamedTuple, cast

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from services.imap.columns import pack, unpack
from services.imap.context import MailboxContext
from services.imap.flagsets import FlagTable
from services.imap.searching.evaluate import found
from services.imap.snapshot import Snapshot
from services.imap.view import View
from shared.contracts.changes import Change, FlagSet, Rows
from shared.contracts.search import Found, Leaf
from shared.contracts.search import Search as Asked
from shared.protocols.imap.sets import SequenceSet
from shared.protocols.imap.syntax.search_key import (
    All,
    And,
    Body,
    Flagged,
    Header,
    Internal,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Or,
    Recent,
    Smaller,
    Text,
)
from tests.support.storage import letter_octets
from tests.unit.services.imap.stage import Stage

DAY = 86_400
FLAGSETS = (FlagSet(1, ()), FlagSet(2, ("\\Seen",)), FlagSet(3, ("$Junk", "\\Deleted")), FlagSet(4, ("\\Seen", "a")))


class Message(NamedTuple):
    """One message; ``word`` is all its text."""

    uid: int
    modseq: int
    flagset: int
    size: int
    date: int
    word: str


class Mailbox:
    """As much of a selected mailbox as a search looks at. Storage is a word for each message."""

    def __init__(self, messages: list[Message], recent_from: int) -> None:
        self.messages = messages
        self.view = View(FlagTable())
        self.view.table.learn(FLAGSETS)
        columns = list(zip(*(message[:5] for message in messages), strict=True)) or [()] * 5
        packed = [array(kind, column).tobytes() for kind, column in zip("IQIIq", columns, strict=True)]
        self.view.load(Rows(*packed))
        self.view.loaded(100, 100)
        self.snapshot = Snapshot(self.view, recent_from)
        self.grant = b""
        self.live = type("Live", (), {"mailbox": 1})()

    def uids(self, numbers: SequenceSet, *, uid: bool) -> array[int]:
        return self.snapshot.uids_in(numbers) if uid else self.snapshot.uids_of(numbers)

    async def call_patiently(self, op: object, request: Asked, done: int, goal: int) -> Found:
        await trio.lowlevel.checkpoint()
        candidates = set(unpack("I", request.uids))
        return Found(tuple(self._hits(leaf, candidates) for leaf in request.leaves))

    def _hits(self, leaf: Leaf, candidates: set[int]) -> bytes:
        return pack([m.uid for m in self.messages if m.uid in candidates and leaf.text in m.word])


def matching(box: Mailbox, key: Key) -> array[int]:
    """The UIDs that a search answers with."""
    return trio.run(found, cast(MailboxContext, box), key, 10.0)


def fits(key: Key, message: Message, number: int, box: Mailbox) -> bool:
    """The meaning of each key, message by message (RFC 3501 section 6.4.4)."""
    flags = {flag.lower() for flag in FLAGSETS[message.flagset - 1].flags}
    match key:
        case All():
            return True
        case Flagged(flag):
            return flag.lower() in flags
        case Recent():
            return message.uid >= box.snapshot.recent_from
        case Numbers(uid, numbers):
            largest = box.messages[-1].uid if uid else len(box.messages)
            value = message.uid if uid else number
            return any(low <= value <= high for low, high in numbers.resolve(largest))
        case Internal(relation, days):
            day = message.date // DAY
            return {"<": day < days, "=": day == days, ">=": day >= days}[relation]
        case Larger(octets):
            return message.size > octets
        case Smaller(octets):
            return message.size < octets
        case Modseq(modseq):
            return message.modseq >= modseq
        case Header(_, text) | Body(text) | Text(text):
            return text in message.word
        case Not(inner):
            return not fits(inner, message, number, box)
        case And(keys):
            return all(fits(each, message, number, box) for each in keys)
        case Or(keys):
            return any(fits(each, message, number, box) for each in keys)
    raise AssertionError(key)


def messages_of(rows: list[tuple[int, int, int, int, str]]) -> list[Message]:
    return [Message(3 * place + 1, *row) for place, row in enumerate(rows)]


ROWS = st.lists(
    st.tuples(
        st.integers(1, 9), st.integers(1, 4), st.integers(0, 9), st.integers(0, 5 * DAY), st.sampled_from(["ab", "c"])
    ),
    max_size=12,
)
WORDS = st.sampled_from(["a", "b", "c"])
SIMPLE: st.SearchStrategy[Any] = st.one_of(
    st.just(All()),
    st.just(Recent()),
    st.builds(Flagged, st.sampled_from(["\\Seen", "\\Deleted", "$junk", "A", "none"])),
    st.builds(Internal, st.sampled_from(["<", "=", ">="]), st.integers(0, 5)),
    st.builds(Larger, st.integers(0, 9)),
    st.builds(Smaller, st.integers(0, 9)),
    st.builds(Modseq, st.integers(0, 10)),
    st.builds(Header, st.just("Subject"), WORDS),
    st.builds(Body, WORDS),
    st.builds(Text, WORDS),
    st.builds(lambda a, b: Numbers(True, SequenceSet(((a, b), (5, 5)))), st.integers(0, 40), st.integers(0, 40)),
)
KEYS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=4).map(lambda keys: And(tuple(keys))),
        st.lists(inner, min_size=2, max_size=4).map(lambda keys: Or(tuple(keys))),
    ),
    max_leaves=10,
)


@settings(max_examples=500, deadline=None)
@given(ROWS, KEYS, st.integers(1, 40))
def test_a_search_finds_what_fits(rows: list[Any], key: Key, recent_from: int) -> None:
    messages = messages_of(rows)
    box = Mailbox(messages, recent_from)
    uids = matching(box, key)
    assert list(uids) == [m.uid for number, m in enumerate(messages, 1) if fits(key, m, number, box)]


def test_what_is_gone_untold_is_found_by_number() -> None:
    box = Mailbox(messages_of([(1, 1, 5, 0, "a"), (1, 2, 5, 0, "b"), (1, 1, 5, 0, "c")]), 1)
    box.view.apply(Change(1, 100, 101, 101, vanished=pack([4])))
    seen = matching(box, Flagged("\\Seen"))
    numbers = matching(box, Numbers(False, SequenceSet(((2, 3),))))
    assert (list(seen), list(numbers)) == ([4], [4, 7])


async def test_only_texts_are_asked_of_storage(stage: Stage) -> None:
    client = await stage.selected()
    for subject in ("one", "two"):
        await client.append(letter_octets(subject))
    stage.desk.calls.clear()
    assert await client.ok("SEARCH OR UNSEEN LARGER 5 SINCE 1-Jan-2000") == [b"* SEARCH 1 2"]
    assert stage.desk.calls == []
    assert await client.ok("SEARCH SEEN TEXT two") == [b"* SEARCH"]
    assert stage.desk.calls == []  # nobody was left to be asked about
    assert await client.ok("SEARCH UNSEEN SUBJECT two FROM ann") == [b"* SEARCH 2"]
    assert stage.desk.calls == ["search.text"]


async def test_extended_results_and_what_is_saved(stage: Stage) -> None:
    client = await stage.selected()
    for number in range(5):
        await client.append(letter_octets(f"n{number}"))
    await client.ok("UID STORE 1,3 +FLAGS.SILENT (\\Flagged)")
    (found_all,) = await client.ok("UID SEARCH RETURN (MIN MAX COUNT ALL) UNFLAGGED")
    assert found_all.endswith(b" UID MIN 2 MAX 5 ALL 2,4:5 COUNT 3")
    assert await client.ok("SEARCH RETURN (SAVE) FLAGGED") == []
    assert await client.ok("FETCH $ UID") == [b"* 1 FETCH (UID 1)", b"* 3 FETCH (UID 3)"]
    assert await client.ok("SEARCH NOT $") == [b"* SEARCH 2 4 5"]
    await client.ok("SEARCH RETURN (SAVE MIN) ALL")
    assert await client.ok("UID FETCH $ FLAGS") == [b"* 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))"]
    (none,) = await client.ok("SEARCH RETURN (MIN COUNT) LARGER 1000000")
    assert none.endswith(b" COUNT 0")
