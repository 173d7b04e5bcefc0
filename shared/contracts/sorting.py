"""Order: messages sorted by what was rendered when they arrived, and what threading needs of them.

SORT asks for the order itself; THREAD asks for columns, and the front, of which there are many, builds the threads.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services


class By(StrEnum):
    """Sort keys (RFC 5256 section 3, RFC 5957)."""

    ARRIVAL = "arrival"  # internal date
    CC = "cc"
    DATE = "date"  # the Date header, or the internal date where it cannot be read
    FROM = "from"
    SIZE = "size"
    SUBJECT = "subject"  # base subject
    TO = "to"
    SHOWN_FROM = "shown-from"
    SHOWN_TO = "shown-to"


class Criterion(NamedTuple):
    by: By
    reverse: bool = False


class SortRequest(NamedTuple):
    """Order ``uids`` (packed u32, ascending). Equal messages stay in the order of their UIDs."""

    grant: bytes
    mailbox: int
    uids: bytes
    criteria: tuple[Criterion, ...]


class SortReply(NamedTuple):
    """What was asked, less what is gone meanwhile, in order: packed u32."""

    uids: bytes


class ThreadsRequest(NamedTuple):
    """Cut at about ``limit`` octets."""

    grant: bytes
    mailbox: int
    uids: bytes
    limit: int = 500_000


class ThreadsReply(NamedTuple):
    """Parallel columns for ``uids``, which is a prefix of what was asked less what is gone meanwhile.

    ``next_uid``: where to go on when the reply was cut; 0 at the end. ``dates``: packed i64, Unix seconds, as
    `By.DATE`. ``ids``: packed u64, of each message as many as its octet in ``counts`` says, laid out as
    `shared.mail.sort_keys.pack_thread` does.
    """

    uids: bytes
    next_uid: int = 0
    dates: bytes = b""
    counts: bytes = b""
    ids: bytes = b""


sort = Op("messages.sort", SortRequest, SortReply, services("imap"), 10.0, Repeat.SAFE)
threads = Op("messages.threads", ThreadsRequest, ThreadsReply, services("imap"), 10.0, Repeat.SAFE)
