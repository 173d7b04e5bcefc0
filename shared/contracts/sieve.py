"""Sieve scripts of an account, as ManageSieve (RFC 5804) and the `eilpost` command keep them and delivery runs them.

A front acts for the account of its grant. The administrator has no grant and names the account instead, by its
address; from all others an address counts for nothing. A script's text is octets: whoever puts one has compiled it,
and delivery compiles it again. At most one script of an account is active.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services
from shared.contracts.spool import Fenced

KEEPERS = services("managesieve admin")


class ListRequest(NamedTuple):
    grant: bytes = b""
    address: str = ""


class Script(NamedTuple):
    name: str
    active: bool
    size: int  # octets
    modified: int  # Unix seconds
    hash: str  # SHA-256 of its text, in hexadecimal


class Listed(NamedTuple):
    scripts: tuple[Script, ...]  # by name


listing = Op("sieve.list", ListRequest, Listed, KEEPERS, 8.0, Repeat.SAFE)


class Get(NamedTuple):
    name: str
    grant: bytes = b""
    address: str = ""


class Text(NamedTuple):
    octets: bytes


get = Op("sieve.get", Get, Text, KEEPERS, 8.0, Repeat.SAFE)


class HaveSpace(NamedTuple):
    """Would `put` find room? Refused as `put` refuses."""

    name: str
    size: int
    grant: bytes = b""
    address: str = ""


have_space = Op("sieve.have-space", HaveSpace, Done, KEEPERS, 8.0, Repeat.SAFE)


class Limit:
    """What stands in ``data`` of a refusal with `Code.LIMIT`, after RFC 5804 section 1.3."""

    SIZE = "maxsize"  # the script is too large
    SCRIPTS = "maxscripts"  # there are too many


class Put(NamedTuple):
    """Store a script; one of this name is replaced, and stays active if it was. Refused: CANNOT for a name that no
    script can have, LIMIT."""

    key: str
    name: str
    octets: bytes
    grant: bytes = b""
    address: str = ""


put = Op("sieve.put", Put, Done, KEEPERS, 10.0, Repeat.KEYED)


class Rename(NamedTuple):
    """Refused: NOT_FOUND, ALREADY_EXISTS, CANNOT."""

    key: str
    name: str
    to: str
    grant: bytes = b""
    address: str = ""


rename = Op("sieve.rename", Rename, Done, KEEPERS, 10.0, Repeat.KEYED)


class Delete(NamedTuple):
    """Refused: NOT_FOUND, IN_USE for the active script."""

    key: str
    name: str
    grant: bytes = b""
    address: str = ""


delete = Op("sieve.delete", Delete, Done, KEEPERS, 10.0, Repeat.KEYED)


class Activate(NamedTuple):
    """Make this script the active one instead of whichever was; "" leaves none active. Refused: NOT_FOUND."""

    key: str
    name: str
    grant: bytes = b""
    address: str = ""


activate = Op("sieve.activate", Activate, Done, KEEPERS, 10.0, Repeat.KEYED)


class LogRequest(NamedTuple):
    address: str
    limit: int = 100


class LogLine(NamedTuple):
    at: int  # Unix seconds
    letter: str
    text: str


class Log(NamedTuple):
    lines: tuple[LogLine, ...]  # newest first


log = Op("sieve.log", LogRequest, Log, services("admin"), 8.0, Repeat.SAFE)


# What delivery asks to run scripts.

DELIVERY = services("delivery")


class ActiveRequest(NamedTuple):
    accounts: tuple[int, ...]


class ActiveScript(NamedTuple):
    account: int
    hash: str
    octets: bytes


class Active(NamedTuple):
    """The active scripts of those accounts that have one; ``rest`` are accounts that did not fit the frame."""

    scripts: tuple[ActiveScript, ...]
    rest: tuple[int, ...] = ()


active = Op("sieve.active", ActiveRequest, Active, DELIVERY, 8.0, Repeat.SAFE)


class LettersRequest(NamedTuple):
    """Claimed letters, as a script sees them; ``whole``: not their header blocks alone."""

    letters: tuple[Fenced, ...]
    whole: bool = False


class SpooledLetter(NamedTuple):
    """``octets`` is the whole, or the header block: when nobody asked for more, or when the rest is too large and
    ``url`` is a ticket for all but the first ``prefix`` octets. ``parts`` is "" where offsets would not fit."""

    letter: str
    octets: bytes
    size: int
    prefix: int
    parts: bytes
    url: str = ""
    envelope_id: str = ""
    ret: str = ""
    client: str = ""
    helo: str = ""
    submitter: str = ""  # address of the account that handed it in


class Letters(NamedTuple):
    """Letters of which the claim is lost are left out; ``rest`` are those that did not fit the frame."""

    letters: tuple[SpooledLetter, ...]
    rest: tuple[str, ...] = ()


letters = Op("sieve.letters", LettersRequest, Letters, DELIVERY, 8.0, Repeat.SAFE)


class Question(NamedTuple):
    """What a script of ``account`` wants to know: ``mailbox-exists`` of a name, ``mailbox-id`` of an id,
    ``special-use`` of a use and a name ("" for any), ``metadata`` of a mailbox's name and an entry,
    ``server-metadata`` of an entry, ``seen`` of a memory's key, ``script`` of "personal" and a name."""

    account: int
    kind: str
    arguments: tuple[str, ...]


class FactsRequest(NamedTuple):
    questions: tuple[Question, ...]


class Facts(NamedTuple):
    """One answer for each question, None for no. Fewer answers than questions: ask again for the rest."""

    answers: tuple[str | None, ...]


facts = Op("sieve.facts", FactsRequest, Facts, DELIVERY, 8.0, Repeat.SAFE)


# What a front asks delivery, which runs the scripts.


class Examine(NamedTuple):
    """A letter that is not accepted yet, whole. ``recipients`` are those whose scripts may refuse it."""

    octets: bytes
    sender: str
    recipients: tuple[str, ...]
    client: str = ""
    envelope_id: str = ""
    ret: str = ""
    deliver_by: float = 0.0  # Unix seconds (RFC 2852)
    by_mode: str = ""


class Refusals(NamedTuple):
    """For each recipient why it will be refused, in ASCII; "" where it will not, or where nobody knows yet."""

    reasons: tuple[str, ...]


refusals = Op("sieve.refusals", Examine, Refusals, services("smtp"), 4.0, Repeat.SAFE, server="delivery")
