"""Whom the settings let do over IMAP what is an administrator's affair."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from services.storage.repositories import places


def includes(connection: Connection, addresses: Collection[str], asker: int) -> bool:
    """Whether an account is one of them; ``addresses`` are canonical."""
    return bool(addresses) and places.address_of_account(connection, asker) in addresses
