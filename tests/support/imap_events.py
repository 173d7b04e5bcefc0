"""Scripts that watch over mailboxes of a `Store`, and what delivery asks about them."""

from __future__ import annotations

from sqlalchemy import select

from services.storage.repositories import mailbox_scripts, scripts
from services.storage.rules.packed import pack_u32
from services.storage.tables.schema import mailbox, message
from shared.contracts import imap_events as contract
from shared.contracts import mailboxes, messages, metadata
from shared.contracts.imap_events import Claim, Claimed, Happened, Settle, Verdict
from shared.contracts.messages import Mode
from tests.support.storage import GRANT, Store

ENTRY = mailbox_scripts.ENTRY


def watch(store: Store, name: str = "INBOX", script: bytes | None = b"filter", account: int = 0) -> None:
    """SETMETADATA of the entry; "" for the server."""
    given = metadata.Set(GRANT, name, (metadata.Annotation(ENTRY, script),))
    store.call(metadata.set, given, account=account)


def keep_script(store: Store, name: str = "filter", octets: bytes = b"keep;", account: int = 0) -> None:
    """PUTSCRIPT."""
    with store._writer.begin():
        scripts.put(store._writer, store.now, account or store.bob, name, octets)
        mailbox_scripts.resolve(store._writer, [account or store.bob])


def claim(store: Store, limit: int = 100) -> Claimed:
    claimed: Claimed = store.call(contract.claim, Claim(limit, 60.0))
    return claimed


def events(store: Store) -> tuple[Happened, ...]:
    return claim(store).events


def settle(store: Store, *verdicts: Verdict) -> tuple[str, ...]:
    errors: tuple[str, ...] = store.call(contract.settle, Settle(verdicts)).errors
    return errors


def script_of(store: Store, name: str = "INBOX", account: int = 0) -> str | None:
    where = (mailbox.c.name == name) & (mailbox.c.account_id == (account or store.bob))
    ((script,),) = store.query(select(mailbox.c.script).where(where))
    found: str | None = script
    return found


def box(store: Store, name: str = "INBOX") -> int:
    opened = store.call(mailboxes.open, mailboxes.Open(GRANT, name, False))
    number: int = opened.mailbox
    return number


def flags(store: Store, number: int, uid: int = 1) -> set[str]:
    ((flagset,),) = store.query(
        select(message.c.flagset_id).where(message.c.mailbox_id == number, message.c.uid == uid)
    )
    with store._reader.begin():
        return set(store.flagsets.flags(store._reader, [flagset])[flagset])


def change(store: Store, mode: Mode, *names: str, uid: int = 1) -> None:
    store.call(messages.store, messages.Store(GRANT, store.key(), box(store), pack_u32([uid]), mode, names))
