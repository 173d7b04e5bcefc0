"""What became different in a mailbox, between two modification sequences.

SELECT, notice, reconnect and resynchronisation are the same question: what changed since the modseq that
I know? The answer is always a `Change`. Events are hints: they may be lost, doubled or late. A holder of
a view applies a change only when ``previous`` is its own modseq or older, drops it when ``modseq`` is not
newer, and asks `mailboxes.sync` when ``previous`` is newer than what it knows (a gap).

Packed columns are little-endian, one entry a message, in UID order: UIDs and sizes ``u32`` ("<I"),
modseqs ``u64`` ("<Q"), internal dates ``i64`` Unix seconds ("<q"), flag sets ``u32`` ("<I"). A flag set is an
interned, immutable set of flags: its number stands for one sorted tuple of names ("\\Seen", "$Junk"), for ever and
in all mailboxes, so that a process needs to learn each number once.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Event, services

INLINE_ROWS = 500  # an event of more rows than this carries none and asks for a sync


class FlagSet(NamedTuple):
    number: int
    flags: tuple[str, ...]  # sorted; system flags as "\\Seen", keywords as first written


class Rows(NamedTuple):
    """Messages as packed columns, ascending by UID."""

    uids: bytes = b""
    modseqs: bytes = b""
    flagsets: bytes = b""
    sizes: bytes = b""  # RFC822.SIZE: the recipient's prefix included
    dates: bytes = b""  # INTERNALDATE


class Change(NamedTuple):
    """All that happened to ``mailbox`` after ``previous`` up to and including ``modseq``.

    ``rows`` are the messages that are new or whose flags changed, as they are now; ``vanished`` the UIDs
    (packed u32, ascending) expunged meanwhile. ``flagsets`` explains each number used in ``rows``.
    """

    mailbox: int
    previous: int
    modseq: int
    uidnext: int
    rows: Rows = Rows()
    vanished: bytes = b""
    flagsets: tuple[FlagSet, ...] = ()
    complete: bool = True  # False: too large to ride along, or the history is gone; sync or reopen
    deleted: bool = False  # the mailbox itself is gone
    author: str = ""  # session id that caused it, "" for delivery
    rights: bool = False  # who may do what here changed: ask `acl.my_rights`


mailbox_changed = Event("changes.mailbox", Change, services("storage"), services("imap"), keyed=True)


class ListChange(NamedTuple):
    """The list of mailboxes of an account changed: create, delete, rename, subscription."""

    account: int
    author: str = ""  # session id that caused it, "" for delivery


list_changed = Event("changes.list", ListChange, services("storage"), services("imap"), keyed=True)
