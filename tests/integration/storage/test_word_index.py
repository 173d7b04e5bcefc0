"""The word index: searches find the same with it as without, at every moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from services.storage.repositories import garbage, words
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.search import narrowing
from services.storage.search.candidate import Candidate
from services.storage.search.entries import entry
from services.storage.search.leaves import compile_leaf
from services.storage.search.wording import CHUNK, MANY, MOST, PART, pieces
from services.storage.search.wording import words as words_of
from services.storage.tables.schema import body, content, message
from services.storage.tables.words import word, word_index
from shared.contracts import mailboxes, messages, search
from shared.contracts.mailboxes import Open
from shared.contracts.messages import Copy, Deliver, Target
from shared.contracts.search import Field, Leaf, Search
from shared.mail.fold import fold
from tests.support.storage import GRANT, Store, letter_octets, new

ALL = pack_u32(range(1, 1000))


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowing, "FEW", 0)
    monkeypatch.setattr(narrowing, "SPARSE", 10_000)


def cut(octets: bytes) -> Callable[[int, int], bytes]:
    """How a search reads a stored message."""
    return lambda start, end: octets[start:end]


def index(store: Store, many: int = 1_000) -> int:
    """Let the index catch up; how many contents it took."""
    count = 0
    with store._writer.begin():
        connection = store._writer
        while rows := words.next_contents(connection, words.indexed(connection), many):
            entries = []
            for row in rows:
                candidate = Candidate(row.octets[: row.header_size], row.parts, row.date, cut(row.octets))
                entries.append(entry(row.id, row.hash, row.parts, candidate))
            assert words.add(connection, words.indexed(connection), entries, words.Known(frozenset())) is not None
            count += len(entries)
    return count


def find(store: Store, *leaves: Leaf, mailbox: str = "INBOX", uids: bytes = ALL) -> list[list[int]]:
    number = store.call(mailboxes.open, Open(GRANT, mailbox, writable=False)).mailbox
    return list(map(unpack_uids, store.call(search.search, Search(GRANT, number, uids, leaves)).matches))


def looked_at(store: Store, monkeypatch: pytest.MonkeyPatch, leaf: Leaf) -> int:
    """How many messages a search had to look at itself."""
    seen = []
    from services.storage.handlers import search as handler

    candidate = handler._candidate

    def noticed(*given: Any) -> Candidate:
        seen.append(given)
        return candidate(*given)

    monkeypatch.setattr(handler, "_candidate", noticed)
    find(store, leaf)
    monkeypatch.setattr(handler, "_candidate", candidate)
    return len(seen)


def collect(store: Store) -> None:
    """Everybody lets go of all messages, and the sweeper comes."""
    store.change(delete(message))
    store.change(update(content).values(uses=0))
    with store._writer.begin():
        garbage.contents(store._writer)


def test_the_index_answers_and_the_tail_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(*[new(letter_octets(f"about number{count}", f"text{count} \r\n")) for count in range(40)])
    assert index(store) == 40
    store.append(new(letter_octets("the tail", "text7 again\r\n")))
    assert find(store, Leaf(Field.BODY, "", "xt7"), Leaf(Field.HEADER, "Subject", "UMBER1")) == [
        [8, 41],
        [2, *range(11, 21)],
    ]
    assert looked_at(store, monkeypatch, Leaf(Field.BODY, "", "xt7")) == 1
    assert looked_at(store, monkeypatch, Leaf(Field.BODY, "", "no such words")) == 1
    assert index(store) == 1
    assert looked_at(store, monkeypatch, Leaf(Field.BODY, "", "xt7")) == 0


def test_what_a_copy_has_in_front_is_found(store: Store) -> None:
    name = store.accept(letter_octets())
    target = Target(store.bob, "INBOX", b"Return-Path: <Zoe@example.net>\r\nDelivered-To: bob@example.org\r\n")
    store.call(messages.deliver, Deliver((store.filing(name, target),)))
    store.append(new(letter_octets("other")))
    index(store)
    leaves = (
        Leaf(Field.TEXT, "", "zoe@exa"),
        Leaf(Field.HEADER, "Return-Path", "zoe"),
        Leaf(Field.TEXT, "", "path:"),
    )
    assert find(store, *leaves) == [[1], [1], [1]]


def test_copies_share_their_words(store: Store) -> None:
    store.append(new(letter_octets("once", "needle\r\n")))
    index(store)
    inbox = store.call(mailboxes.open, Open(GRANT, "INBOX", writable=False)).mailbox
    store.call(messages.copy, Copy(GRANT, store.key(), inbox, pack_u32([1]), "Trash"))
    assert index(store) == 0
    assert find(store, Leaf(Field.BODY, "", "needle"), mailbox="Trash") == [[1]]


def test_numbers_that_come_back_come_without_old_words(store: Store) -> None:
    store.append(*[new(letter_octets(f"s{count}", "needle\r\n")) for count in range(30)])
    index(store)
    collect(store)
    assert store.query(select(func.count()).select_from(content))[0][0] == 0
    store.append(*[new(letter_octets(f"t{count}", "straw\r\n")) for count in range(30)])
    assert find(store, Leaf(Field.BODY, "", "needle"), Leaf(Field.BODY, "", "straw")) == [[], list(range(31, 61))]
    assert index(store) == 30
    assert find(store, Leaf(Field.BODY, "", "needle"), Leaf(Field.BODY, "", "straw")) == [[], list(range(31, 61))]


def test_what_changed_between_reading_and_keeping_is_not_kept(store: Store) -> None:
    store.append(new(letter_octets("one")))
    with store._writer.begin():
        (row,) = words.next_contents(store._writer, 0, 10)
        read = words.Entry(row.id, b"another", (frozenset(),) * 7)
        assert words.add(store._writer, 0, [read], words.Known(frozenset())) is None
        assert words.add(store._writer, 5, [read], words.Known(frozenset())) is None
        assert words.indexed(store._writer) == 0


def test_another_way_of_reading_words_begins_anew(store: Store) -> None:
    store.append(*[new(letter_octets(f"s{count}", "needle\r\n")) for count in range(3)])
    index(store)
    store.change(update(word_index).values(version=0))
    assert find(store, Leaf(Field.BODY, "", "needle")) == [[1, 2, 3]]
    assert index(store) == 3
    with store._reader.begin():
        assert len(words.holding(store._reader, ("body",), [["needle"]], 10)) == 3


def test_a_rolled_back_step_leaves_nothing(store: Store) -> None:
    store.append(new(letter_octets("one", "needle\r\n")))
    with store._writer.begin() as transaction:
        (row,) = words.next_contents(store._writer, 0, 10)
        read = entry(row.id, row.hash, row.parts, Candidate(row.octets, row.parts, 0, cut(row.octets)))
        assert words.add(store._writer, 0, [read], words.Known(frozenset()))
        transaction.rollback()
    assert index(store) == 1
    assert find(store, Leaf(Field.BODY, "", "needle")) == [[1]]


def test_too_many_words_are_looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    long = " ".join(f"w{count}" for count in range(MOST + 5)).encode()
    store.append(new(b"Subject: long\r\n\r\n" + long + b"\r\n"), new(letter_octets("short", "w5 here\r\n")))
    index(store)
    assert store.query(select(func.count()).select_from(word))[0][0] < 100
    assert find(store, Leaf(Field.BODY, "", f"w{MOST}"), Leaf(Field.BODY, "", "w5 ")) == [[1], [1, 2]]
    assert looked_at(store, monkeypatch, Leaf(Field.BODY, "", "here")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [(">=10186", [1, 2, 5]), ("=10186", [1, 2]), ("<10186", [3]), ("=10187", []), ("<20000", [1, 2, 3, 5])],
)
def test_dates_are_read_where_the_stored_one_leaves_doubt(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[int]
) -> None:
    dates = ("21 Nov 1997 23:55:06 -0600", "21 Nov 1997 00:05:00 +0600", "1 Nov 1997 10:00:00 +0000", "never")
    for each in (*dates, "21 Nov 2007 10:00:00 +0000"):
        store.append(new(f"Date: {each}\r\n\r\n".encode()))
    leaf = Leaf(Field.SENT, "", text)
    assert find(store, leaf) == [expected]
    assert looked_at(store, monkeypatch, leaf) <= 3


def test_no_index_no_difference(store: Store) -> None:
    store.append(new(letter_octets("one", "needle\r\n")))
    store.change(insert(word_index).values(id=1, version=1, indexed=0))
    assert find(store, Leaf(Field.BODY, "", "needle")) == [[1]]


@given(st.text(alphabet="ab\u00e9 -", max_size=120), st.integers(0, 100), st.integers(0, 45))
def test_a_text_that_holds_another_has_words_for_its_pieces(hay: str, start: int, size: int) -> None:
    folded = fold(hay)
    needle = folded[start : start + size]
    have = words_of(folded)
    for piece in pieces(needle).pieces:
        assert any(piece.fits(each) for each in have)


def test_long_words_are_kept_in_chunks() -> None:
    long = "".join(chr(97 + count * 7 % 26) + str(count) for count in range(60))
    chunks = words_of(long)
    assert max(map(len, chunks)) <= CHUNK
    for start in range(len(long) - PART):
        assert any(long[start : start + PART] in chunk for chunk in chunks)
    assert words_of(" ".join(map(str, range(MOST + 1)))) == {MANY}


HAY = ("foo", "bar", "Foobar", "stra\u00dfe", "x", "zz", "a" * 70, "caf\u00e9", "\u4f1a\u8bae", "re", "O'Neil", "q_r")
hay = st.lists(st.sampled_from(HAY), max_size=6).map(" ".join)
needles = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        ["oo", "oba", "FOO BAR", "o b", "strasse", "a" * 30, "\u8bae", "cafe", "'n", "q_r", "", "-", "x zz re"]
    ),
    st.tuples(hay, st.integers(0, 20), st.integers(1, 30)).map(lambda given: given[0][given[1] :][: given[2]]),
)
leaf = st.builds(
    lambda field, name, needle: Leaf(field, name if field is Field.HEADER else "", needle),
    st.sampled_from([Field.BODY, Field.TEXT, Field.HEADER]),
    st.sampled_from(["subject", "To", "from", "x-note", "delivered-to"]),
    needles,
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Callable[[], Path]]:
    with TemporaryDirectory() as name:
        made = iter(range(10_000))
        yield lambda: Path(name) / str(next(made))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(hay, hay, hay), min_size=1, max_size=8), st.integers(0, 8), st.lists(leaf, max_size=8))
def test_the_index_finds_what_reading_finds(
    folder: Callable[[], Path], letters: Sequence[tuple[str, str, str]], behind: int, leaves: Sequence[Leaf]
) -> None:
    path = folder()
    path.mkdir()
    store = Store(path)
    try:
        octets = [
            f"Subject: {subject}\r\nTo: {note} <a@b>\r\nX-Note: {note}\r\n\r\n{text}\r\n".encode()
            for subject, note, text in letters
        ]
        for each in octets[:behind]:
            store.append(new(each))
        index(store, many=3)
        for each in octets[behind:]:
            store.append(new(each))
        rows = store.query(
            select(body.c.octets, content.c.header_size, content.c.parts, message.c.uid)
            .select_from(message.join(content).join(body, body.c.content_id == content.c.id))
            .order_by(message.c.uid)
        )
        expected = [
            [
                row.uid
                for row in rows
                if compile_leaf(each)(Candidate(row.octets[: row.header_size], row.parts, 0, cut(row.octets)))
            ]
            for each in leaves
        ]
        assert find(store, *leaves) == expected
    finally:
        store.close()
