"""Messages in mailboxes. Every write answers with the `Change` that it made, as the notice to others does.

Sets of UIDs travel packed (little-endian u32, ascending). ``key`` is the idempotency key of a write;
``author`` in the grant's session is told with the change so that a front knows its own.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum
from typing import NamedTuple

from shared.contracts.blobs import Body, Summary
from shared.contracts.changes import Change
from shared.contracts.op import Op, Repeat, services
from shared.contracts.spool import Recipient

IMAP = services("imap")
EXPUNGED_AT_ONCE = 4_000  # messages that one call removes


class Where(NamedTuple):
    """What finds a mailbox before its name does: its id (RFC 8474), else its use (RFC 6154); "" for neither."""

    id: str = ""
    special_use: str = ""


class Changed(NamedTuple):
    """What a copy holds instead of the letter's own octets."""

    body: Body
    summary: Summary


class Target(NamedTuple):
    """One mailbox that gets the letter. ``prefix`` is what this recipient's copy begins with
    (Return-Path, Delivered-To): whole header lines with CRLF. A mailbox gets one copy of a filing, however often it
    is named."""

    account: int
    mailbox: str
    prefix: bytes
    flags: tuple[str, ...] = ()
    create: bool = False  # make the mailbox when it is not there (fileinto :create); else INBOX serves
    where: Where | None = None
    changed: Changed | None = None


class Memory(NamedTuple):
    """Something that an account remembers for a while. ``fresh``: nobody may know it yet."""

    account: int
    key: str
    seconds: int
    fresh: bool = True


class Mailing(NamedTuple):
    """A letter that joins the spool. ``letter`` is its id, a ULID; its trace is that of the letter it comes from.

    Without ``changed`` it holds that letter's octets, with ``prefix`` (whole header lines) in front. With ``once`` it
    is made only when that is fresh; ``copies`` are filed when it is made.
    """

    letter: str
    sender: str
    recipients: tuple[Recipient, ...]
    prefix: bytes = b""
    changed: Changed | None = None
    once: Memory | None = None
    copies: tuple[Target, ...] = ()
    ret: str = ""
    deliver_by: float = 0.0  # Unix seconds, 0 for none (RFC 2852)
    by_mode: str = ""


class Note(NamedTuple):
    """A line for an account's Sieve log."""

    account: int
    text: str


class Effects(NamedTuple):
    """What a filing does besides filing. A memory in ``memories`` that is not fresh any more stops the filing."""

    mailings: tuple[Mailing, ...] = ()
    memories: tuple[Memory, ...] = ()
    notes: tuple[Note, ...] = ()
    told: str = ""  # what is remembered of the recipient beside the copies: "discarded"


class Filing(NamedTuple):
    """What becomes of one spool recipient, settled in the transaction that files it."""

    letter: str
    fence: int
    number: int  # of the recipient
    targets: tuple[Target, ...]
    forwards: tuple[str, ...] = ()  # addresses that join the letter as new recipients
    effects: Effects | None = None


class Deliver(NamedTuple):
    """Any number of filings in one transaction each. Repeating one that is settled changes nothing."""

    filings: tuple[Filing, ...]


class FilingResult(NamedTuple):
    """``error`` is "" when filed (now or before), else a Code value: "stale", "over-quota", "not-found", "conflict"
    (a memory is not fresh)."""

    letter: str
    number: int
    error: str = ""
    reason: str = ""
    filed: str = ""  # "mailbox name/uid" of each copy, for the log


class Delivered(NamedTuple):
    results: tuple[FilingResult, ...]


deliver = Op("messages.deliver", Deliver, Delivered, services("delivery"), 10.0, Repeat.SAFE)


class New(NamedTuple):
    """One message of an APPEND. ``date`` is INTERNALDATE in Unix seconds, None for now."""

    body: Body
    summary: Summary
    flags: tuple[str, ...]
    date: int | None = None


class Append(NamedTuple):
    """All or none. Refused: NOT_FOUND (TRYCREATE), OVER_QUOTA, LIMIT, NO_RIGHT."""

    grant: bytes
    key: str
    mailbox: str
    messages: tuple[New, ...]


class Appended(NamedTuple):
    uidvalidity: int
    uids: bytes
    change: Change


append = Op("messages.append", Append, Appended, IMAP, 15.0, Repeat.KEYED)


class Replace(NamedTuple):
    """Put a message into the mailbox called ``to`` and take the one with ``uid`` out of ``mailbox``, both or neither.

    Refused: NOT_FOUND (``data`` "message" when that one is gone; else TRYCREATE), OVER_QUOTA, NO_RIGHT.
    """

    grant: bytes
    key: str
    mailbox: int
    uid: int
    to: str
    new: New


class Replaced(NamedTuple):
    """``uidvalidity`` and ``uid`` are the new message's."""

    uidvalidity: int
    uid: int
    change: Change  # of the target, the new message
    removed: Change  # of the source, the old one; follows ``change`` where both are one mailbox


replace = Op("messages.replace", Replace, Replaced, IMAP, 15.0, Repeat.KEYED)


class Copy(NamedTuple):
    """Copy, or move, messages of one mailbox to a named one, in one transaction (RFC 6851)."""

    grant: bytes
    key: str
    mailbox: int
    uids: bytes
    to: str
    move: bool = False


class Copied(NamedTuple):
    """``source`` and ``uids`` run in parallel: what was copied, and the UID it got (COPYUID, RFC 4315)."""

    uidvalidity: int
    source: bytes
    uids: bytes
    change: Change  # of the target
    removed: Change | None = None  # of the source, when moved


copy = Op("messages.copy", Copy, Copied, IMAP, 20.0, Repeat.KEYED)


class Mode(StrEnum):
    ADD = "+"
    REMOVE = "-"
    REPLACE = "="


class Store(NamedTuple):
    """Change flags. ``unchanged_since``: leave messages with a newer modseq alone (RFC 7162 section 3.1.3)."""

    grant: bytes
    key: str
    mailbox: int
    uids: bytes
    mode: Mode
    flags: tuple[str, ...]
    unchanged_since: int | None = None


class Stored(NamedTuple):
    change: Change
    modified: bytes = b""  # UIDs that `unchanged_since` left alone


store = Op("messages.store", Store, Stored, IMAP, 10.0, Repeat.KEYED)


class Expunge(NamedTuple):
    """Remove those of ``uids`` that carry \\Deleted; without ``uids``, all that carry it; no UID up to ``after``.

    At most `EXPUNGED_AT_ONCE` of them: others shall not wait for long.
    """

    grant: bytes
    key: str
    mailbox: int
    uids: bytes | None = None
    after: int = 0


class Expunged(NamedTuple):
    """``next``: the `Expunge.after` to go on with, 0 at the end."""

    change: Change
    next: int = 0


expunge = Op("messages.expunge", Expunge, Expunged, IMAP, 20.0, Repeat.KEYED)


class Column(IntFlag):
    """Bits of `RowsRequest.columns`."""

    ENVELOPE = 1
    BODY_STRUCTURE = 2
    PARTS = 4
    HEADER = 8  # header block, the recipient's prefix included
    PREVIEW = 16
    EMAIL_ID = 32
    THREAD_ID = 64
    SAVED = 128


class RowsRequest(NamedTuple):
    """What a listing needs of each message; the asked columns only. Cut at about `limit` octets."""

    grant: bytes
    mailbox: int
    uids: bytes
    columns: int
    limit: int = 700_000


class RowsReply(NamedTuple):
    """Parallel columns for ``uids``, which is a prefix of what was asked less what is gone meanwhile.

    ``next_uid``: where to go on when the reply was cut; 0 at the end. ``prefixes``: octets that this copy has in
    front of the stored message, by which offsets in `parts` shift.
    """

    uids: bytes
    next_uid: int = 0
    envelopes: tuple[bytes, ...] = ()
    body_structures: tuple[bytes, ...] = ()
    parts: tuple[bytes, ...] = ()
    prefixes: tuple[int, ...] = ()
    headers: tuple[bytes, ...] = ()
    previews: tuple[str, ...] = ()
    email_ids: tuple[bytes, ...] = ()  # 12 octets each, the same for what is the same to IMAP (RFC 8474)
    thread_ids: tuple[bytes, ...] = ()  # 8 octets each, shared by a letter and the answers to it
    saved: tuple[int, ...] = ()  # when they came into this mailbox, Unix seconds (RFC 8514)


rows = Op("messages.rows", RowsRequest, RowsReply, services("imap pop3"), 10.0, Repeat.SAFE)


class BodiesRequest(NamedTuple):
    """Whole messages, several at once up to about ``limit`` octets in all.

    ``seen``: set \\Seen on the first one in the same call (FETCH BODY[] without PEEK). The others are read ahead.
    """

    grant: bytes
    mailbox: int
    uids: bytes
    seen: bool = False
    limit: int = 600_000


class Bulk(NamedTuple):
    """One message: its octets, prefix included; or, when too large for the bus, the prefix and a URL for the rest."""

    uid: int
    octets: bytes
    size: int  # of the whole, prefix included
    prefix: int  # octets of `octets` that are the recipient's prefix
    parts: bytes
    url: str = ""


class BodiesReply(NamedTuple):
    bodies: tuple[Bulk, ...]  # a prefix of what was asked; messages that are gone are left out
    change: Change | None = None


bodies = Op("messages.bodies", BodiesRequest, BodiesReply, services("imap pop3"), 10.0, Repeat.SAFE)
