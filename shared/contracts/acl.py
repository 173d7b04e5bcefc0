"""Who may do what in a mailbox (RFC 4314).

Rights are the eleven standard ones, in the order of `RIGHTS`. An identifier is an account's address, or only its
local part where its domain is the asking account's own; "anyone" means all accounts of the owner's domain; a "-" in
front denies. The owner of a mailbox holds all rights, always.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services

IMAP = services("imap")
RIGHTS = "lrswipkxtea"
ANYONE = "anyone"


class Grant(StrEnum):
    """How `SetAcl.rights` change an entry."""

    ADD = "+"
    REMOVE = "-"
    REPLACE = "="


class AclRequest(NamedTuple):
    grant: bytes
    name: str


class Entry(NamedTuple):
    identifier: str
    rights: str


class Acl(NamedTuple):
    entries: tuple[Entry, ...]  # the owner's first


class SetAcl(NamedTuple):
    """Without rights left, the entry is gone. What the owner holds does not change."""

    grant: bytes
    name: str
    identifier: str
    mode: Grant
    rights: str


class GrantableRequest(NamedTuple):
    grant: bytes
    name: str
    identifier: str


class Grantable(NamedTuple):
    """What the identifier always holds, and what can be granted to it, right by right."""

    required: str
    optional: str


class MyRights(NamedTuple):
    """Of the asking account, in a mailbox by name, or by id where that is not 0."""

    grant: bytes
    name: str = ""
    mailbox: int = 0


class Rights(NamedTuple):
    rights: str


get = Op("acl.get", AclRequest, Acl, IMAP, 8.0, Repeat.SAFE)
set = Op("acl.set", SetAcl, Done, IMAP, 8.0, Repeat.SAFE)
grantable = Op("acl.grantable", GrantableRequest, Grantable, IMAP, 8.0, Repeat.SAFE)
my_rights = Op("acl.my-rights", MyRights, Rights, IMAP, 8.0, Repeat.SAFE)
