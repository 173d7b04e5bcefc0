"""What clients do where scripts watch is written down (RFC 6785 section 2.2)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.storage.rules.packed import pack_u32
from services.storage.tables.sieve import imap_event
from shared.contracts import imap_events as contract
from shared.contracts.imap_events import Cause
from shared.contracts.messages import BodiesRequest, Copy, Mode, Replace, bodies, copy, replace
from tests.integration.storage.test_deliver import deliver
from tests.support.imap_events import box, change, events, keep_script
from tests.support.storage import GRANT, Store, letter_octets, new


def test_append_is_one_for_each_message(watched: Store) -> None:
    watched.append(new(letter_octets("a")), new(letter_octets("b"), flags=("\\Seen",)))
    first, second = events(watched)
    assert (first.cause, second.cause) == (Cause.APPEND, Cause.APPEND)
    assert [each.shown.octets for each in (first, second)] == [letter_octets("a"), letter_octets("b")]
    assert (first.flags, second.flags, second.changed) == ((), ("\\Seen",), ())
    assert (first.owner, first.user, first.mailbox, first.script) == ("bob@example.org",) * 2 + ("INBOX", "filter")


def test_replace_is_an_append(watched: Store) -> None:
    watched.append(new())
    watched.call(replace, Replace(GRANT, watched.key(), box(watched), 1, "INBOX", new(letter_octets("b"))))
    assert [each.cause for each in events(watched)] == [Cause.APPEND, Cause.APPEND]


@pytest.mark.parametrize("move", [False, True])
def test_copy_and_move_are_events_where_messages_come_to(watched: Store, move: bool) -> None:
    watched.append(new(), new(letter_octets("b")), mailbox="Sent")
    assert events(watched) == ()
    asked = Copy(GRANT, watched.key(), box(watched, "Sent"), pack_u32([1, 2]), "INBOX", move)
    watched.call(copy, asked)
    assert [(each.cause, each.mailbox) for each in events(watched)] == [(Cause.COPY, "INBOX")] * 2


def test_flag_changes_tell_what_changed_and_how_the_flags_are_now(watched: Store) -> None:
    watched.append(new(flags=("Old", "\\Seen")))
    change(watched, Mode.REPLACE, "\\Seen", "\\Flagged", "New")
    change(watched, Mode.ADD, "\\Seen")  # they stay as they are
    _, event = events(watched)
    assert (event.cause, event.changed) == (Cause.FLAG, ("New", "Old", "\\Flagged"))
    assert event.flags == ("New", "\\Flagged", "\\Seen")


def test_fetch_that_sets_seen_is_a_change_of_flags(watched: Store) -> None:
    watched.append(new())
    asked = BodiesRequest(GRANT, box(watched), pack_u32([1]), seen=True)
    for _ in range(2):
        watched.call(bodies, asked)
    _, event = events(watched)
    assert (event.cause, event.changed) == (Cause.FLAG, ("\\Seen",))


def test_delivery_is_none(watched: Store) -> None:
    deliver(watched, watched.filing(watched.accept(letter_octets())))
    assert events(watched) == ()


def test_others_are_named_as_who_did_it(watched: Store) -> None:
    eve = watched.add_account("eve@example.org")
    watched.share("INBOX", "eve@example.org", "lrsi")
    watched.append(new(), mailbox="#user/bob/INBOX", account=eve)
    (event,) = events(watched)
    assert (event.owner, event.user, event.mailbox) == ("bob@example.org", "eve@example.org", "INBOX")


def test_mailboxes_without_a_script_write_nothing(store: Store) -> None:
    keep_script(store)
    store.append(new())
    change(store, Mode.ADD, "\\Seen")
    assert store.query(select(imap_event.c.id)) == []
    assert "imapsieve.ready" not in {each.event.name for each in store.announcements}


def test_whoever_works_is_rung_for(watched: Store) -> None:
    watched.append(new(), new(letter_octets("b")))
    rings = [each.payload for each in watched.announcements if each.event is contract.ready]
    assert rings == [contract.Ready(2)]
