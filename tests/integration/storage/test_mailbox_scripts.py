"""Which script watches over a mailbox (RFC 6785 section 2.3.1)."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from services.storage.repositories import mailbox_scripts
from services.storage.tables.annotations import annotation
from services.storage.tables.sieve import sieve_script
from shared.contracts import mailboxes
from shared.contracts.errors import Refused
from tests.support.imap_events import ENTRY, box, keep_script, script_of, watch
from tests.support.storage import ADMINISTRATOR, GRANT, Store


def test_the_mailboxes_entry_names_the_script(store: Store) -> None:
    watch(store)
    assert script_of(store) is None  # there is none of this name
    keep_script(store)
    assert script_of(store) == "filter"
    assert script_of(store, "Sent") is None
    watch(store, script=None)
    assert script_of(store) is None


def test_the_servers_entry_serves_mailboxes_without_one(store: Store) -> None:
    admin, eve = store.add_account(ADMINISTRATOR), store.add_account("eve@example.org")
    keep_script(store)
    keep_script(store, "other")
    watch(store, "Sent", b"other")
    watch(store, "Trash", b"")  # an entry that is empty, or names nothing, is not made up for by the server's
    watch(store, "Junk", b"nothing")
    watch(store, "", b"filter", account=admin)
    found = [script_of(store, name) for name in ("INBOX", "Sent", "Trash", "Junk")]
    assert found == ["filter", "other", None, None]
    assert script_of(store, account=eve) is None  # who has no script of the name has none that runs
    keep_script(store, account=eve)
    assert script_of(store, account=eve) == "filter"
    watch(store, "", None, account=admin)
    assert [script_of(store, name) for name in ("INBOX", "Sent")] == [None, "other"]


def test_mailboxes_made_later_are_watched_over_as_well(store: Store) -> None:
    admin = store.add_account(ADMINISTRATOR)
    keep_script(store)
    watch(store, "", b"filter", account=admin)
    store.call(mailboxes.create, mailboxes.Create(GRANT, store.key(), "New"))
    assert script_of(store, "New") == "filter"
    watch(store)
    store.call(mailboxes.rename, mailboxes.Rename(GRANT, store.key(), "INBOX", "Old"))
    watch(store, "", None, account=admin)
    assert [script_of(store, name) for name in ("INBOX", "Old", "New")] == ["filter", "filter", None]


def test_only_administrators_speak_for_the_server(store: Store) -> None:
    with pytest.raises(Refused, match="administrators"):
        watch(store, "")


def test_entries_that_stood_there_before_are_found(store: Store) -> None:
    """`resolve_all` after tables were changed behind its back."""
    store.execute(insert(annotation), {"mailbox_id": box(store), "account_id": 0, "name": ENTRY, "value": b"filter"})
    row = {"account_id": store.bob, "name": "filter", "octets": b"", "hash": "", "modified": 0}
    store.execute(insert(sieve_script), row)
    with store._writer.begin():
        mailbox_scripts.resolve_all(store._writer)
    assert script_of(store) == "filter"
