"""Words that no message has any more leave the vocabulary; searches find the same all the while."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from sqlalchemy import delete, select, update

from services.storage.config import Search, Sweep
from services.storage.repositories import garbage, words
from services.storage.repositories.words import Known
from services.storage.search import narrowing, vocabulary
from services.storage.tables.schema import content, message
from services.storage.tables.words import word
from shared.contracts import directory, messages
from shared.contracts.messages import Append, Expunge
from shared.contracts.search import Field, Leaf
from tests.integration.storage.test_word_index import find, index
from tests.support import databases
from tests.support.running_storage import SETTINGS, running_storage
from tests.support.storage import Store, letter_octets, new

pytestmark = [pytest.mark.sqlite, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowing, "FEW", 0)


def append(store: Store, *texts: str) -> None:
    for text in texts:
        letter = new(letter_octets(text, f"{text}\r\n"))
        store.call(messages.append, Append(b"grant", store.key(), "INBOX", (letter,)))


def expunge(store: Store, uid: int) -> None:
    """It goes, and is collected."""
    number = store.query(select(message.c.content_id).where(message.c.uid == uid))[0][0]
    store.change(delete(message).where(message.c.uid == uid))
    store.change(update(content).where(content.c.id == number).values(uses=0))
    with store._writer.begin():
        garbage.contents(store._writer)


def walk(store: Store, step: int = 3) -> int:
    """All steps of one walk; how many words were dropped."""
    dropped, after = 0, 0
    forgotten = words.forgotten(store._reader)
    store._reader.rollback()
    while True:
        with store._writer.begin():
            some = words.vocabulary(store._writer, after, step)
            dropped += words.drop(store._writer, some)
        if len(some) < step:
            break
        after = max(some)
    with store._writer.begin():
        words.walked(store._writer, forgotten)
    return dropped


def known(store: Store) -> set[str]:
    return {text for (text,) in store.query(select(word.c.word))}


def body_has(text: str) -> Leaf:
    return Leaf(Field.BODY, "", text)


def test_words_of_messages_that_are_gone_are_dropped_and_no_others(store: Store) -> None:
    append(store, "apple", "banana", "cherry")
    index(store)
    assert {"apple", "banana", "cherry"} <= known(store)
    assert walk(store) == 0
    expunge(store, 2)
    assert walk(store, step=1) > 0
    assert {"apple", "cherry", "subject"} <= known(store)
    assert "banana" not in known(store)
    assert find(store, body_has("ppl"), body_has("nan"), body_has("cherr")) == [[1], [], [3]]


def test_a_word_that_comes_back_is_found_again(store: Store) -> None:
    append(store, "apple", "banana")
    index(store)
    expunge(store, 2)
    walk(store)
    append(store, "banana")
    index(store)
    assert "banana" in known(store)
    assert find(store, body_has("anan"), body_has("banana")) == [[3], [3]]


def test_who_remembers_words_learns_that_some_were_dropped(store: Store) -> None:
    append(store, "apple", "banana")
    index(store)
    remembered = Known(frozenset(known(store)))
    expunge(store, 2)
    walk(store)
    append(store, "banana")
    with store._writer.begin():
        after = words.indexed(store._writer)
        (row,) = words.next_contents(store._writer, after, 10)
    entries = entries_of(row)
    with store._writer.begin():
        learnt = words.add(store._writer, after, entries, remembered)
    assert learnt is not None
    assert "banana" in learnt.words
    assert learnt.drops > remembered.drops
    assert find(store, body_has("anan")) == [[3]]


def entries_of(row: object) -> list[words.Entry]:
    from services.storage.search.indexer import _entry

    return [_entry(lambda location, start, end: b"", row)]


def test_what_is_indexed_between_look_and_drop_keeps_its_words(store: Store) -> None:
    append(store, "apple", "banana")
    index(store)
    expunge(store, 2)
    with store._reader.begin():
        seen = vocabulary._looked(store._reader, 0)
    assert "banana" in dict(seen.unused).values()
    append(store, "banana")
    index(store)
    with store._writer.begin():
        words.drop(store._writer, dict(seen.unused))
    assert "banana" in known(store)
    assert find(store, body_has("anan")) == [[3]]


def test_a_walk_is_due_once_something_has_gone(store: Store) -> None:
    append(store, "apple", "banana")
    index(store)
    with store._writer.begin():
        assert words.forgotten(store._writer) == 0
    expunge(store, 1)
    with store._writer.begin():
        assert words.forgotten(store._writer) == 1
    walk(store)
    with store._writer.begin():
        assert words.forgotten(store._writer) == 0


async def test_it_happens_by_itself(tmp_path: Path, engine: str) -> None:
    search = Search(quiet=0.02, vocabulary=0.1)
    sweep = Sweep(interval=0.1)
    settings = SETTINGS.__class__(port=SETTINGS.port, keep_free=0, login=SETTINGS.login, sweep=sweep, search=search)
    async with running_storage(tmp_path, settings) as storage:
        await storage.add_accounts("ann@example.org")
        grant = (await storage.login("ann@example.org")).grant
        letter = new(letter_octets("zebra", "zebra\r\n"))
        appended = await storage.ask("imap", messages.append, Append(grant, "key", "INBOX", (letter,)))

        async def until(there: bool) -> None:
            with trio.fail_after(30):
                statement = "SELECT word FROM word WHERE word = 'zebra'"
                while bool(databases.look(tmp_path, statement)) != there:
                    await storage.ask("admin", directory.domain_list, directory.Nothing())

        await until(there=True)
        mailbox, uids = appended.change.mailbox, appended.uids
        await storage.ask(
            "imap", messages.store, messages.Store(grant, "mark", mailbox, uids, messages.Mode.ADD, ("\\Deleted",))
        )
        await storage.ask("imap", messages.expunge, Expunge(grant, "x", mailbox, uids))
        await until(there=False)


def test_all_words_can_go(store: Store) -> None:
    append(store, "apple")
    index(store)
    expunge(store, 1)
    there = len(known(store))
    assert walk(store) == there
    assert known(store) == set()
