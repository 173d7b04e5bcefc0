"""Secrets of the server, made at the first start and kept in the database: one for each purpose."""

from __future__ import annotations

import os
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from services.storage.tables.schema import server_key

SIZE = 32  # octets


class Purpose(StrEnum):
    GRANT = "grant"
    TICKET = "ticket"
    LOGIN_CACHE = "login-cache"
    NONCE = "nonce"  # our parts of SCRAM nonces
    SRS = "srs"  # marks rewritten senders of forwards
    DKIM = "dkim"  # seals private keys
    OBJECTS = "objects"  # says in an object store whose bodies these are
    ENUMERATION = "enumeration"  # names of unknown users, in the log and in the counts of failures


def load_keys(connection: Connection) -> dict[Purpose, bytes]:
    """All keys; those that are missing are made. The caller commits."""
    rows = connection.execute(select(server_key.c.purpose, server_key.c.secret)).all()
    keys = {Purpose(purpose): secret for purpose, secret in rows}
    new = {purpose: os.urandom(SIZE) for purpose in Purpose if purpose not in keys}
    if new:
        connection.execute(insert(server_key), [{"purpose": p.value, "secret": s} for p, s in new.items()])
    return keys | new
