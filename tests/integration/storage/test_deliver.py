from __future__ import annotations

from sqlalchemy import select, update

from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import account, letter, recipient
from services.storage.tables.sieve import sieve_log
from shared.contracts import mailboxes, messages
from shared.contracts.changes import Change, list_changed, mailbox_changed
from shared.contracts.mailboxes import ListRequest, Named, Open, PageRequest
from shared.contracts.messages import BodiesRequest, Deliver, Filing, FilingResult, Target, Where
from shared.contracts.spool import ready
from tests.support.storage import GRANT, Store, letter_octets

PREFIX = b"Return-Path: <ann@example.org>\r\n"


def deliver(store: Store, *filings: Filing) -> list[FilingResult]:
    return list(store.call(messages.deliver, Deliver(filings)).results)


def told(store: Store) -> list[Change]:
    return [each.payload for each in store.announcements if each.event is mailbox_changed]


def uids(store: Store, name: str = "INBOX", account: int = 0) -> list[int]:
    opened = store.call(mailboxes.open, Open(GRANT, name, writable=False), account=account)
    page = store.call(mailboxes.page, PageRequest(GRANT, opened.mailbox, 0, 100), account=account)
    return unpack_uids(page.rows.uids)


def states(store: Store) -> list[tuple[str, str]]:
    return [tuple(row) for row in store.query(select(recipient.c.state, recipient.c.filed))]


def test_a_letter_is_filed_with_its_prefix_and_settled(store: Store) -> None:
    octets = letter_octets()
    name = store.accept(octets)
    (result,) = deliver(store, store.filing(name, Target(store.bob, "INBOX", PREFIX, ("\\Flagged", "bad flag"))))
    assert (result.error, result.filed) == ("", "INBOX/1")
    assert states(store) == [("done", "INBOX/1")]
    assert [row.open for row in store.query(select(letter.c.open))] == [0]
    assert store.uses() == {1: 1}
    (bulk,) = store.call(messages.bodies, BodiesRequest(GRANT, 1, pack_u32([1]))).bodies
    assert (bulk.octets, bulk.prefix, bulk.size) == (PREFIX + octets, len(PREFIX), len(PREFIX) + len(octets))


def test_what_stands_before_the_letter_stands_before_every_copy(store: Store) -> None:
    octets = letter_octets()
    name = store.accept(octets)
    store.change(update(letter).values(prefix=b"X: y\r\n", size=len(octets) + 6))
    deliver(store, store.filing(name, Target(store.bob, "INBOX", PREFIX), Target(store.bob, "Junk", PREFIX)))
    (bulk,) = store.call(messages.bodies, BodiesRequest(GRANT, 1, pack_u32([1]))).bodies
    assert (bulk.prefix, bulk.size) == (len(PREFIX) + 6, len(PREFIX) + 6 + len(octets))
    assert bulk.octets == PREFIX + b"X: y\r\n" + octets


def test_a_batch_is_told_once_for_each_mailbox(store: Store) -> None:
    eve = store.add_account("eve@example.org")
    names = [store.accept(letter_octets(f"n{place}")) for place in range(4)]
    filings = [
        store.filing(name, Target((store.bob, eve)[place % 2], "INBOX", b"")) for place, name in enumerate(names)
    ]
    assert [result.error for result in deliver(store, *filings)] == [""] * 4
    changes = told(store)
    assert [len(change.rows.uids) // 4 for change in changes] == [2, 2]
    assert all(change.modseq == change.previous + 1 and change.author == "" for change in changes)
    assert uids(store) == uids(store, account=eve) == [1, 2]


def test_repeating_a_settled_filing_changes_nothing(store: Store) -> None:
    name = store.accept(letter_octets())
    first = deliver(store, store.filing(name), store.filing(name))
    assert first[0] == first[1]
    events = len(store.announcements)
    assert deliver(store, store.filing(name)) == first[:1]
    assert deliver(store, store.filing(name, fence=99)) == first[:1]
    assert uids(store) == [1]
    assert len(store.announcements) == events
    assert store.uses() == {1: 1}


def test_an_old_fence_is_stale(store: Store) -> None:
    name = store.accept(letter_octets(), fence=3)
    (result,) = deliver(store, store.filing(name, fence=2))
    assert result.error == "stale"
    assert uids(store) == []
    (unknown,) = deliver(store, store.filing("no-such-letter"))
    assert unknown.error == "not-found"
    assert states(store) == [("ready", "")]


def test_recipients_of_one_letter_share_its_content(store: Store) -> None:
    eve = store.add_account("eve@example.org")
    name = store.accept(letter_octets(), ("bob@example.org", "eve@example.org"))
    deliver(store, store.filing(name, number=0))
    assert store.uses() == {1: 2}
    deliver(store, store.filing(name, Target(eve, "INBOX", b""), number=1))
    assert store.uses() == {1: 2}
    assert [state for state, _ in states(store)] == ["done", "done"]


def test_a_missing_mailbox_is_made_or_inbox_serves(store: Store) -> None:
    name = store.accept(letter_octets())
    targets = (
        Target(store.bob, "Lists/py", b"", create=True),
        Target(store.bob, "Lists/none", b""),
        Target(store.bob, "a//b", b"", create=True),
        Target(store.bob, "inbox", b""),
    )
    (result,) = deliver(store, store.filing(name, *targets))
    assert result.error == ""
    assert result.filed == "Lists/py/1, INBOX/1"
    assert uids(store) == [1]
    assert uids(store, "Lists/py") == [1]
    assert store.uses() == {1: 2}
    names = [each.name for each in store.call(mailboxes.listing, ListRequest(GRANT)).mailboxes]
    assert "Lists" in names
    assert "Lists/none" not in names
    assert [each.event for each in store.announcements].count(list_changed) == 1
    logged = [row.text for row in store.query(select(sieve_log.c.text).order_by(sieve_log.c.id))]
    assert logged == [
        "there is no mailbox 'Lists/none'; INBOX was used",
        "no mailbox can have the name 'a//b'; INBOX was used",
    ]


def test_what_is_made_for_a_special_use_has_it_from_then_on(store: Store) -> None:
    def into(name: str, use: str, *, create: bool = True) -> Target:
        return Target(store.bob, name, b"", create=create, where=Where(special_use=use))

    for name in ("Junk", "Sent"):
        store.call(mailboxes.delete, Named(GRANT, name, name))
    filings = [
        store.filing(store.accept(letter_octets("a")), into("Spam", "\\junk")),
        store.filing(store.accept(letter_octets("b")), into("Stars", "\\Flagged")),
        store.filing(store.accept(letter_octets("c")), into("Nowhere", "\\Sent", create=False)),
    ]
    assert [result.filed for result in deliver(store, *filings)] == ["Spam/1", "Stars/1", "INBOX/1"]
    (again,) = deliver(store, store.filing(store.accept(letter_octets("d")), into("Other", "\\Junk")))
    assert again.filed == "Spam/2"
    made = {each.name: each.special_use for each in store.call(mailboxes.listing, ListRequest(GRANT)).mailboxes}
    assert (made["Spam"], made["Stars"], made["INBOX"], "Nowhere" in made) == ("\\Junk", "", "", False)


def test_all_targets_or_none(store: Store) -> None:
    size = len(letter_octets())
    eve = store.add_account("eve@example.org", quota=size)
    name = store.accept(letter_octets())
    (result,) = deliver(store, store.filing(name, Target(store.bob, "INBOX", b""), Target(999, "INBOX", b"")))
    assert result.error == "not-found"
    (result,) = deliver(store, store.filing(name, Target(store.bob, "INBOX", b""), Target(eve, "INBOX", b"x")))
    assert result.error == "over-quota"
    assert uids(store) == []
    assert states(store) == [("ready", "")]


def test_two_letters_into_the_last_octets(store: Store) -> None:
    eve = store.add_account("eve@example.org", quota=len(letter_octets("a")) + 10)
    filings = [store.filing(store.accept(letter_octets(text)), Target(eve, "INBOX", b"")) for text in "ab"]
    assert [result.error for result in deliver(store, *filings)] == ["", "over-quota"]
    (row,) = store.query(select(account.c.messages, account.c.octets).where(account.c.id == eve))
    assert tuple(row) == (1, len(letter_octets("a")))


def test_a_held_recipient_is_not_filed(store: Store) -> None:
    name = store.accept(letter_octets())
    store.change(update(recipient).values(state="held"))
    (result,) = deliver(store, store.filing(name))
    assert result.error == "stale"
    assert uids(store) == []


def test_forwards_join_the_letter(store: Store) -> None:
    name = store.accept(letter_octets())
    filing = store.filing(name)._replace(targets=(), forwards=("far@example.net", "away@example.net"))
    (result,) = deliver(store, filing)
    assert result == FilingResult(name, 0)
    addresses = {row.address: row.state for row in store.query(select(recipient.c.address, recipient.c.state))}
    assert addresses == {"bob@example.org": "done", "far@example.net": "ready", "away@example.net": "ready"}
    assert [row.open for row in store.query(select(letter.c.open))] == [2]
    assert store.uses() == {1: 1}
    assert [each.event for each in store.announcements] == [ready]


def test_two_addresses_that_end_in_one_mailbox_get_one_copy(store: Store) -> None:
    name = store.accept(letter_octets(), ["bob@example.org", "info@example.org", "bob+work@example.org"])
    eve = store.add_account("eve@example.org")
    filings = [
        store.filing(name, Target(store.bob, "INBOX", b"Delivered-To: bob\r\n"), number=0),
        store.filing(
            name, Target(store.bob, "INBOX", b"Delivered-To: info\r\n"), Target(eve, "INBOX", b""), number=1
        ),
        store.filing(name, Target(store.bob, "Archive", b"Delivered-To: work\r\n"), number=2),
    ]
    assert [result.filed for result in deliver(store, *filings)] == ["INBOX/1", "INBOX/1, INBOX/1", "Archive/1"]
    assert [state for state, _ in states(store)] == ["done"] * 3
    assert uids(store) == uids(store, account=eve) == uids(store, "Archive") == [1]
    (bulk,) = store.call(messages.bodies, BodiesRequest(GRANT, 1, pack_u32([1]))).bodies
    assert bulk.octets.startswith(b"Delivered-To: bob\r\n")
    assert store.uses() == {1: 3}
    another = store.accept(letter_octets())
    assert [result.filed for result in deliver(store, store.filing(another))] == ["INBOX/2"]
