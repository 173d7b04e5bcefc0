"""POP3's view of INBOX: locked while a session has it, changed only at QUIT (RFC 1939 sections 4 and 6)."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services

POP3 = services("pop3")
LEASE = 120.0  # seconds; a front renews at half of it, a dead front's lock lapses


class OpenRequest(NamedTuple):
    """Take the lock for ``session``. Asking again with the same session renews it.

    Refused: IN_USE while another session has it, LIMIT when another opened it less than ``delay`` seconds ago.
    """

    grant: bytes
    session: str
    after: int = 0  # only messages with a UID above this one
    delay: float = 0.0


class Maildrop(NamedTuple):
    """``more``: the list was cut to fit the bus; ask again for what is after its last UID."""

    mailbox: int
    uidvalidity: int
    uids: bytes  # packed u32, ascending
    sizes: bytes  # packed u32, octets as RETR sends them before dot-stuffing
    more: bool = False


open = Op("maildrop.open", OpenRequest, Maildrop, POP3, 8.0, Repeat.SAFE)


class Hold(NamedTuple):
    """Renew the lock without reading the list again; IN_USE when it was lost."""

    grant: bytes
    session: str
    mailbox: int


hold = Op("maildrop.hold", Hold, Done, POP3, 8.0, Repeat.SAFE)


class Close(NamedTuple):
    """Remove ``delete`` and give the lock back, in one transaction. STALE when the lock was lost."""

    grant: bytes
    session: str
    mailbox: int
    delete: bytes = b""


close = Op("maildrop.close", Close, Done, POP3, 15.0, Repeat.SAFE)
