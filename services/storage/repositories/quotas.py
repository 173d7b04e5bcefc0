"""Limits of accounts and mailboxes. What they hold is counted by the ledger, in the rows that it writes anyway."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, update

from services.storage.tables.schema import account, mailbox

LIMIT_ACCOUNT = (
    update(account)
    .where(account.c.id == bindparam("of"))
    .values(quota=bindparam("limit"), message_quota=bindparam("message_limit"))
)
LIMIT_MAILBOX = (
    update(mailbox)
    .where(mailbox.c.id == bindparam("of"))
    .values(quota=bindparam("limit"), message_quota=bindparam("message_limit"))
)


def limit_account(connection: Connection, number: int, octets: int, messages: int) -> None:
    """Set both limits of an account."""
    connection.execute(LIMIT_ACCOUNT, {"of": number, "limit": octets, "message_limit": messages})


def limit_mailbox(connection: Connection, number: int, octets: int, messages: int) -> None:
    """Set both limits of a mailbox."""
    connection.execute(LIMIT_MAILBOX, {"of": number, "limit": octets, "message_limit": messages})
