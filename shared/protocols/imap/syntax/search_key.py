"""What SEARCH may look for (RFC 3501 section 6.4.4, RFC 7162 section 3.1.5), as a tree.

No tree is deeper than `MAX_TREE`, whatever the client sent, so that it may be walked by recursion.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from shared.protocols.imap.sets import SequenceSet

MAX_TREE = 64


class All(NamedTuple):
    """Every message."""


class Flagged(NamedTuple):
    """The flag is set: ANSWERED, DELETED, DRAFT, FLAGGED, SEEN ("\\Seen"), KEYWORD. UNSEEN is Not(Flagged)."""

    flag: str


class Recent(NamedTuple):
    """RECENT. NEW is And(Recent, Not(Flagged)), OLD is Not(Recent)."""


class Numbers(NamedTuple):
    """A sequence set, of UIDs when ``uid``; UIDAFTER and UIDBEFORE (RFC 9738 section 3.2) come as this too."""

    uid: bool
    numbers: SequenceSet


class Internal(NamedTuple):
    """INTERNALDATE, time and zone disregarded. ``relation`` is "<" (BEFORE), "=" (ON) or ">=" (SINCE)."""

    relation: str
    days: int  # since 1970-01-01


class Sent(NamedTuple):
    """The Date header, likewise: SENTBEFORE, SENTON, SENTSINCE."""

    relation: str
    days: int


class Larger(NamedTuple):
    """RFC822.SIZE above ``octets``."""

    octets: int


class Smaller(NamedTuple):
    """RFC822.SIZE below ``octets``."""

    octets: int


class Header(NamedTuple):
    """The header field holds the text; BCC, CC, FROM, SUBJECT and TO come as this too, named as "From"."""

    name: str
    text: str


class Body(NamedTuple):
    """The body holds the text."""

    text: str


class Text(NamedTuple):
    """The header or the body holds the text."""

    text: str


class Modseq(NamedTuple):
    """The modification sequence is at least this."""

    modseq: int


class Saved(NamedTuple):
    """When the message came into its mailbox: SAVEDBEFORE, SAVEDON, SAVEDSINCE (RFC 8514), as `Internal`."""

    relation: str
    days: int


class EmailId(NamedTuple):
    """EMAILID (RFC 8474 section 6)."""

    id: bytes


class ThreadId(NamedTuple):
    """THREADID."""

    id: bytes


class Within(NamedTuple):
    """The internal date is at most (YOUNGER) or at least (OLDER) so many seconds ago (RFC 5032)."""

    younger: bool
    seconds: int


class Filter(NamedTuple):
    """The criteria that the user keeps under this name (RFC 5466)."""

    name: str


class Fuzzy(NamedTuple):
    """What fits the key more or less (RFC 6203)."""

    key: Key


class Not(NamedTuple):
    """Never holds another Not."""

    key: Key


class And(NamedTuple):
    """Two keys or more, none of them an And. One key stands for itself."""

    keys: tuple[Key, ...]


class Or(NamedTuple):
    """Two keys or more, none of them an Or: chains of OR are flat."""

    keys: tuple[Key, ...]


Key: TypeAlias = (
    All
    | Flagged
    | Recent
    | Numbers
    | Internal
    | Sent
    | Larger
    | Smaller
    | Header
    | Body
    | Text
    | Modseq
    | Within
    | Filter
    | Fuzzy
    | Saved
    | EmailId
    | ThreadId
    | Not
    | And
    | Or
)
