"""Events of IMAP for scripts: claimed under a fence, settled once, with all that a script wants (RFC 6785)."""

from __future__ import annotations

from sqlalchemy import select

from services.storage.handlers.imap_events import GIVEN_UP
from services.storage.repositories import scripts
from services.storage.rules.packed import pack_u32, unpack_uids
from services.storage.tables.schema import letter, message
from services.storage.tables.sieve import imap_event, sieve_log
from shared.base.ids import new_ulid
from shared.contracts import mailboxes
from shared.contracts.imap_events import Cause, Verdict
from shared.contracts.messages import BodiesRequest, Copy, Effects, Mailing, Memory, Mode, Note, Target, bodies, copy
from shared.contracts.spool import Recipient
from tests.integration.storage.test_deliver import deliver
from tests.support.imap_events import box, change, claim, events, flags, keep_script, settle, watch
from tests.support.storage import GRANT, Store, letter_octets, new

# --- claims ---


def test_an_event_is_claimed_by_one_until_its_lease_ends(watched: Store) -> None:
    watched.append(new())
    (first,) = events(watched)
    claimed = claim(watched)
    assert (claimed.events, claimed.next_due) == ((), watched.now + 60)
    watched.now += 61
    (second,) = events(watched)
    assert (second.id, second.fence) == (first.id, first.fence + 1)
    done = Verdict(first.id, first.fence, ("Late",))
    assert settle(watched, done, done._replace(fence=second.fence, add=("Done",))) == ("stale", "")
    assert settle(watched, done) == ("",)  # what is done with is done with
    assert flags(watched, box(watched)) == {"Done"}


def test_claims_bring_each_script_once_and_no_more_than_a_frame(watched: Store) -> None:
    keep_script(watched, octets=b"#" + b"x" * 90_000)
    watched.append(*[new(letter_octets(str(number), "x" * 200_000)) for number in range(5)])
    claimed = claim(watched)
    assert claimed.more
    assert 1 <= len(claimed.events) < 5
    assert [len(each.octets) for each in claimed.scripts] == [90_001]
    left = claim(watched)
    assert len(claimed.events) + len(left.events) <= 5


def test_what_is_too_large_for_the_bus_comes_by_ticket(watched: Store) -> None:
    watched.append(new(letter_octets("big", "x" * 300_000)))
    (event,) = events(watched)
    assert len(event.shown.octets) < 1_000
    assert event.shown.size > 300_000


def test_events_whose_script_is_gone_are_dropped(watched: Store) -> None:
    watched.append(new())
    with watched._writer.begin():
        scripts.remove(watched._writer, watched.bob, "filter")
    assert events(watched) == ()
    assert watched.query(select(imap_event.c.id)) == []
    assert set(watched.uses().values()) == {1}


def test_events_that_nobody_can_digest_are_given_up(watched: Store) -> None:
    watched.append(new())
    for _ in range(GIVEN_UP):
        assert len(events(watched)) == 1
        watched.now += 61
    assert events(watched) == ()
    ((text,),) = watched.query(select(sieve_log.c.text))
    assert "given up" in text
    assert set(watched.uses().values()) == {1}


def test_events_outlive_their_message(watched: Store) -> None:
    """What was marked as deleted may be expunged before the script has seen it."""
    watched.append(new(letter_octets("gone")))
    watched.call(copy, Copy(GRANT, watched.key(), box(watched), pack_u32([1]), "Trash", move=True))
    (event,) = events(watched)
    assert event.shown.octets == letter_octets("gone")
    target = Target(watched.bob, "Sent", b"")
    assert settle(watched, Verdict(event.id, event.fence, ("New",), deletes=True, copies=(target,))) == ("",)
    assert flags(watched, box(watched, "Sent")) == set()
    assert set(watched.uses().values()) == {2}


def test_events_of_a_removed_mailbox_go_with_it(watched: Store) -> None:
    watched.call(mailboxes.create, mailboxes.Create(GRANT, watched.key(), "New"))
    watch(watched, "New")
    watched.append(new(), mailbox="New")
    watched.call(mailboxes.delete, mailboxes.Named(GRANT, watched.key(), "New"))
    assert events(watched) == ()
    assert set(watched.uses().values()) == {0}


# --- verdicts ---


def test_flags_are_changed_as_by_a_client(watched: Store) -> None:
    watched.append(new(flags=("Old",)))
    (event,) = events(watched)
    change(watched, Mode.ADD, "Meanwhile")
    settle(watched, Verdict(event.id, event.fence, ("New",), ("Old",)))
    assert flags(watched, box(watched)) == {"New", "Meanwhile"}
    told = [each.payload for each in watched.announcements if each.event.name == "changes.mailbox"][-1]
    assert (unpack_uids(told.rows.uids), told.author) == ([1], "")


def test_flags_set_by_a_script_that_saw_a_message_come_are_one_more_event(watched: Store) -> None:
    """Section 2.2.3, and the bound of section 6."""
    watched.append(new())
    (event,) = events(watched)
    settle(watched, Verdict(event.id, event.fence, ("New",)))
    (again,) = events(watched)
    assert (again.cause, again.changed, again.user) == (Cause.FLAG, ("New",), "bob@example.org")
    settle(watched, Verdict(again.id, again.fence, ("Newer",)))
    assert events(watched) == ()


def test_deleted_set_for_want_of_a_keep_is_no_event(watched: Store) -> None:
    """Section 2.2.4."""
    watched.append(new())
    (event,) = events(watched)
    settle(watched, Verdict(event.id, event.fence, deletes=True))
    assert flags(watched, box(watched)) == {"\\Deleted"}
    assert events(watched) == ()


def test_copies_are_new_messages_and_no_events(watched: Store) -> None:
    """Section 3.3: also into a mailbox with a script, even the same."""
    watched.append(new(letter_octets("a"), date=1_000_000_000))
    (event,) = events(watched)
    targets = (Target(watched.bob, "INBOX", b"", ("New",)), Target(watched.bob, "Made/here", b"", create=True))
    settle(watched, Verdict(event.id, event.fence, copies=targets))
    found = watched.query(select(message.c.mailbox_id, message.c.uid, message.c.date).order_by(message.c.uid))
    inbox, made = box(watched), box(watched, "Made/here")
    assert {tuple(row) for row in found} == {
        (inbox, 1, 1_000_000_000),
        (inbox, 2, 1_000_000_000),
        (made, 1, 1_000_000_000),
    }
    assert flags(watched, inbox, 2) == {"New"}
    assert events(watched) == ()
    assert set(watched.uses().values()) == {3}


def test_copies_begin_as_the_message_does(watched: Store) -> None:
    deliver(watched, watched.filing(watched.accept(letter_octets())))
    change(watched, Mode.ADD, "\\Flagged")
    (event,) = events(watched)
    assert event.shown.octets == b"Delivered-To: bob\r\n" + letter_octets()
    settle(watched, Verdict(event.id, event.fence, copies=(Target(watched.bob, "Sent", b""),)))
    asked = BodiesRequest(GRANT, box(watched, "Sent"), pack_u32([1]))
    assert watched.call(bodies, asked).bodies[0].octets == b"Delivered-To: bob\r\n" + letter_octets()


def test_letters_join_the_spool_with_the_message(watched: Store) -> None:
    watched.append(new(letter_octets("a")))
    (event,) = events(watched)
    mailing = Mailing(new_ulid(), "bob@example.org", (Recipient("x@far.example"),), b"Delivered-To: bob\r\n")
    note = Note(watched.bob, "done")
    verdict = Verdict(event.id, event.fence, effects=Effects((mailing,), notes=(note,)))
    assert settle(watched, verdict) == ("",)
    assert settle(watched, verdict) == ("",)
    ((sender, size, prefix, subject),) = watched.query(
        select(letter.c.sender, letter.c.size, letter.c.prefix, letter.c.subject)
    )
    assert (sender, prefix, subject) == ("bob@example.org", mailing.prefix, "a")
    assert size == len(letter_octets("a")) + len(mailing.prefix)
    assert len(watched.query(select(sieve_log.c.text))) == 1


def test_a_memory_that_is_known_stops_a_verdict(watched: Store) -> None:
    watched.append(new(), new(letter_octets("b")))
    first, second = events(watched)
    seen = Effects(memories=(Memory(watched.bob, "k", 60),))
    verdicts = [Verdict(each.id, each.fence, ("Done",), effects=seen) for each in (first, second)]
    assert settle(watched, *verdicts) == ("", "conflict")
    assert (flags(watched, box(watched), 1), flags(watched, box(watched), 2)) == ({"Done"}, set())
    assert settle(watched, verdicts[1]._replace(effects=None)) == ("",)


def test_what_finds_no_room_leaves_a_line(store: Store) -> None:
    ann = store.add_account("ann@example.org", quota=250)
    keep_script(store, account=ann)
    watch(store, account=ann)
    store.append(new(), account=ann)
    (event,) = events(store)
    targets = (Target(ann, "Sent", b""),)
    assert settle(store, Verdict(event.id, event.fence, ("New",), copies=targets)) == ("",)
    ((text,),) = store.query(select(sieve_log.c.text))
    assert "full; nothing was done in INBOX" in text
    assert events(store) == ()
