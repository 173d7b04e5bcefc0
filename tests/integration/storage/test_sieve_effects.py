"""What scripts leave in storage: memories with their times, logs with their length, letters with their origin."""

from __future__ import annotations

from sqlalchemy import func, select

from services.storage.repositories import sieve_log, sieve_memories
from services.storage.repositories.sieve_log import Line
from services.storage.tables.schema import letter, recipient
from services.storage.tables.sieve import sieve_log as log_lines
from services.storage.tables.sieve import sieve_memory
from shared.contracts import messages
from shared.contracts.blobs import Body
from shared.contracts.errors import Code
from shared.contracts.messages import Changed, Deliver, Effects, Filing, FilingResult, Mailing, Memory, Target
from shared.contracts.spool import Recipient, ready
from shared.mail.summary import summarise
from tests.support.storage import Store, letter_octets

EVE = "eve@elsewhere.example"


def deliver(store: Store, *filings: Filing) -> list[FilingResult]:
    return list(store.call(messages.deliver, Deliver(filings)).results)


def filing(store: Store, effects: Effects, octets: bytes = b"") -> Filing:
    name = store.accept(octets or letter_octets())
    return store.filing(name, Target(store.bob, "INBOX", b""))._replace(effects=effects)


def sent_on(number: str, prefix: bytes = b"Delivered-To: bob\r\n") -> Mailing:
    return Mailing(number, "ann@example.org", (Recipient(EVE),), prefix)


def letters(store: Store) -> list[tuple[str, str, int]]:
    query = select(letter.c.id, letter.c.trace, letter.c.open).where(letter.c.id.like("new-%"))
    return [tuple(row) for row in store.query(query)]


def test_a_letter_that_is_sent_on_shares_the_octets_of_its_origin(store: Store) -> None:
    one = filing(store, Effects((sent_on("new-1"),)))
    (result,) = deliver(store, one)
    assert result.filed == "INBOX/1"
    assert letters(store) == [("new-1", one.letter, 1)]
    assert store.uses() == {1: 2}  # the message and the new letter; the old one is finished
    assert [each.event for each in store.announcements].count(ready) == 1
    for again in deliver(store, one, one):
        assert again.filed == "INBOX/1"
    assert len(letters(store)) == 1


def test_what_is_sent_on_leaves_under_a_name_that_leads_back(store: Store) -> None:
    far = [mailing._replace(sender="carl@far.example") for mailing in (sent_on("new-1"), sent_on("new-2", b""))]
    deliver(store, filing(store, Effects((*far, sent_on("new-3")))))
    rows = store.query(select(letter.c.id, recipient.c.sender).join(recipient).order_by(letter.c.id))
    senders = {row.id: row.sender for row in rows}
    assert senders["new-1"].startswith("srs0=")
    assert senders["new-1"].endswith("@example.org")
    assert senders["new-2"] == senders["new-3"] == ""  # a letter of its own; a sender of this domain


def test_a_letter_of_its_own_holds_its_own_octets(store: Store) -> None:
    octets = letter_octets("Away")
    changed = Changed(Body(octets), summarise(octets))
    copy = Target(store.bob, "Sent", b"", changed=changed)
    mailing = Mailing("new-1", "", (Recipient(EVE, notify=("NEVER",)),), b"", changed, copies=(copy,))
    (result,) = deliver(store, filing(store, Effects((mailing,), told="answered")))
    assert result.filed == "INBOX/1, Sent/1, answered"
    assert store.uses() == {1: 1, 2: 2}
    (row,) = store.query(select(recipient.c.address, recipient.c.notify).where(recipient.c.address == EVE))
    assert tuple(row) == (EVE, "NEVER")


def test_once_is_once_in_one_batch_and_until_its_time(store: Store) -> None:
    once = Memory(store.bob, "vacation:x", 60)
    batch = [filing(store, Effects((sent_on(f"new-{number}", b"")._replace(once=once),))) for number in range(3)]
    deliver(store, *batch)
    assert len(letters(store)) == 1
    store.now += 59
    deliver(store, filing(store, Effects((sent_on("new-8", b"")._replace(once=once),))))
    assert len(letters(store)) == 1
    store.now += 2
    deliver(store, filing(store, Effects((sent_on("new-9", b"")._replace(once=once),))))
    assert len(letters(store)) == 2


def test_a_memory_that_is_not_fresh_stops_the_filing(store: Store) -> None:
    seen = Effects(memories=(Memory(store.bob, "duplicate:x", 60),))
    results = deliver(store, *[filing(store, seen) for _ in range(2)])
    assert [result.error for result in results] == ["", "conflict"]
    assert store.uses() == {1: 2}  # one is filed, the other waits in the spool
    again = Effects(memories=(Memory(store.bob, "duplicate:x", 60, fresh=False),))
    (result,) = deliver(store, filing(store, again))
    assert result.error == ""


def test_memories_are_swept_after_their_time(store: Store) -> None:
    with store.database.writer() as connection, connection.begin():
        sieve_memories.keep(connection, {(store.bob, f"k{number}"): 100 + number for number in range(10)})
        assert sieve_memories.live(connection, 104, {(store.bob, "k4"), (store.bob, "k5")}) == {(store.bob, "k5")}
        assert sieve_memories.forget(connection, 104) == 5
        assert connection.execute(select(func.count()).select_from(sieve_memory)).scalar() == 5


def test_logs_keep_their_newest_lines(store: Store) -> None:
    with store.database.writer() as connection, connection.begin():
        for number in range(250):
            sieve_log.add(connection, number, [Line(store.bob, f"l{number}", "x" * 2_000)])
        found = sieve_log.newest(connection, store.bob, 1_000)
    assert len(found) == sieve_log.KEPT
    assert found[0][:2] == (249, "l249")
    assert len(found[0][2]) == sieve_log.LONGEST


def test_what_went_astray_is_told_of_the_letter_that_it_was(store: Store) -> None:
    known = Memory(store.bob, "duplicate:x", 60, fresh=True)
    targets = (Target(store.bob, "Nowhere", b""), Target(store.bob, "Sent", b""))
    deliver(store, filing(store, Effects(memories=(known,))))
    clashing = filing(store, Effects(memories=(known,)))._replace(targets=targets)
    results = deliver(store, clashing, filing(store, Effects()))
    assert [result.error for result in results] == [Code.CONFLICT.value, ""]
    assert store.query(select(log_lines)) == []
    (result,) = deliver(store, clashing._replace(effects=Effects()))
    assert result.filed.startswith("INBOX/")
    assert [row.letter for row in store.query(select(log_lines))] == [clashing.letter]
