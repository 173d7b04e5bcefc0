"""Mailboxes of an account: names, states, and the packed view of one that a front holds.

Names are Unicode, levels joined by "/" whatever separator a front shows to its clients, "INBOX" in upper
case. Below "#user/" stand the mailboxes of others, by local part or address: "#user/bob/INBOX"; below "#shared/"
those of the account "shared" of the asker's domain. A mailbox's id is its identity: it survives renames and is never
used again.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.acl import RIGHTS
from shared.contracts.changes import Change, FlagSet, Rows
from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services

IMAP = services("imap")
OTHERS = "#user"  # the first level of the names of other users' mailboxes (RFC 3501 section 5.1.2)
SHARED = "#shared"  # ... and of those that a domain has in common


class Mailbox(NamedTuple):
    """One name in a LIST. ``id`` is 0 for a name that is only a parent or only subscribed to.

    What others share with the account stands below "#user/", what its domain has in common below "#shared/".
    """

    id: int
    name: str
    uidvalidity: int
    special_use: str = ""  # "\\Sent", ... (RFC 6154)
    subscribed: bool = False
    selectable: bool = True
    rights: str = RIGHTS  # of the asking account (RFC 4314)


class ListRequest(NamedTuple):
    grant: bytes


class Listed(NamedTuple):
    mailboxes: tuple[Mailbox, ...]  # sorted by name; every parent of a mailbox stands here too


listing = Op("mailboxes.list", ListRequest, Listed, IMAP, 8.0, Repeat.SAFE)


class Open(NamedTuple):
    """Find a mailbox by name. ``writable`` (SELECT) also claims what is \\Recent (RFC 3501 section 2.3.2)."""

    grant: bytes
    name: str
    writable: bool


class Opened(NamedTuple):
    mailbox: int
    uidvalidity: int
    uidnext: int
    modseq: int  # HIGHESTMODSEQ
    messages: int
    recent_from: int  # UIDs from here on are \Recent for the opener
    rights: str = RIGHTS  # of this user here (RFC 4314)
    owner: int = 0  # whose mailbox it is


open = Op("mailboxes.open", Open, Opened, IMAP, 8.0, Repeat.SAFE)


class PageRequest(NamedTuple):
    """Rows with UID above ``after`` and, where given, up to ``upto``; at most ``limit`` (20,000 fit one frame)."""

    grant: bytes
    mailbox: int
    after: int
    limit: int
    upto: int = 0


class Page(NamedTuple):
    """``modseq`` is the mailbox's at the moment of this page: the first page's is where to sync from."""

    rows: Rows
    flagsets: tuple[FlagSet, ...]
    modseq: int
    uidnext: int
    more: bool


page = Op("mailboxes.page", PageRequest, Page, IMAP, 10.0, Repeat.SAFE)


class SyncRequest(NamedTuple):
    grant: bytes
    mailbox: int
    since: int  # modseq


sync = Op("mailboxes.sync", SyncRequest, Change, IMAP, 8.0, Repeat.SAFE)


class ModseqsRequest(NamedTuple):
    """Mailbox ids, packed u64. Nobody's grant: it tells no more than the notices do, which are for all fronts."""

    mailboxes: bytes


class Modseqs(NamedTuple):
    """HIGHESTMODSEQ of each, packed u64 in the order asked; 0 for a mailbox that is gone."""

    modseqs: bytes


modseqs = Op("mailboxes.modseqs", ModseqsRequest, Modseqs, IMAP, 5.0, Repeat.SAFE)


class VanishedRequest(NamedTuple):
    grant: bytes
    mailbox: int
    since: int  # modseq


class Vanished(NamedTuple):
    """UIDs (packed u32, ascending) expunged after ``since``. Not ``complete``: too many, or the history is gone;
    who holds the mailbox's view then takes for expunged whatever is not there."""

    uids: bytes = b""
    complete: bool = True


vanished = Op("mailboxes.vanished", VanishedRequest, Vanished, IMAP, 8.0, Repeat.SAFE)


class StatusRequest(NamedTuple):
    """``deleted_octets``: also what an EXPUNGE would free, which has to be counted."""

    grant: bytes
    names: tuple[str, ...]
    deleted_octets: bool = False


class State(NamedTuple):
    """The counts that STATUS may ask. ``found`` is False for what is not there or (``denied``) may not be read."""

    name: str
    found: bool
    messages: int = 0
    recent: int = 0
    unseen: int = 0
    deleted: int = 0
    octets: int = 0
    uidnext: int = 0
    uidvalidity: int = 0
    modseq: int = 0
    mailbox: int = 0
    denied: bool = False
    deleted_octets: int = 0


class States(NamedTuple):
    states: tuple[State, ...]


status = Op("mailboxes.status", StatusRequest, States, IMAP, 8.0, Repeat.SAFE)


class Create(NamedTuple):
    """Parents are made as needed. Refused: ALREADY_EXISTS, CANNOT (bad name), LIMIT."""

    grant: bytes
    key: str
    name: str
    special_use: str = ""


class Created(NamedTuple):
    mailbox: int
    uidvalidity: int


class Named(NamedTuple):
    grant: bytes
    key: str
    name: str


class Rename(NamedTuple):
    """Children move along. Renaming INBOX leaves an empty one behind, and its children (RFC 3501 section 6.3.5)."""

    grant: bytes
    key: str
    name: str
    to: str


class Subscribe(NamedTuple):
    grant: bytes
    name: str
    subscribed: bool


create = Op("mailboxes.create", Create, Created, IMAP, 8.0, Repeat.KEYED)
delete = Op("mailboxes.delete", Named, Done, IMAP, 15.0, Repeat.KEYED)
rename = Op("mailboxes.rename", Rename, Done, IMAP, 15.0, Repeat.KEYED)
subscribe = Op("mailboxes.subscribe", Subscribe, Done, IMAP, 8.0, Repeat.SAFE)
