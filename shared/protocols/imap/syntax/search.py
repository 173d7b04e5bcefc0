"""SEARCH and UID SEARCH (RFC 3501 section 6.4.4) with RETURN (RFC 4731, RFC 5182)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.tokens import Arguments

RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE"})
CHARSETS = frozenset({"US-ASCII", "UTF-8"})


class Search(NamedTuple):
    """``returns`` is None for the old SEARCH response, else the ESEARCH options: MIN, MAX, ALL, COUNT, SAVE
    ("RETURN ()" means ALL). ``modseq`` tells that a MODSEQ key stands in the criteria."""

    uid: bool
    key: Key
    returns: frozenset[str] | None = None
    modseq: bool = False


def parse(arguments: Arguments) -> Search:
    """``[SP RETURN SP "(" options ")"] [SP CHARSET SP charset] 1*(SP search-key)``."""
    arguments.space()
    returns: frozenset[str] | None = None
    if arguments.skip_word(b"RETURN"):
        returns = _returns(arguments)
        arguments.space()
    if arguments.skip_word(b"CHARSET"):
        _charset(arguments)
        arguments.space()
    criteria = Criteria(arguments)
    return Search(arguments.uid, criteria.read(), returns, criteria.modseq)


def _returns(arguments: Arguments) -> frozenset[str]:
    arguments.space()
    options = frozenset(arguments.items(Arguments.keyword))
    if not options <= RETURNS:
        raise ParseError("Unknown return option")
    return options or frozenset({"ALL"})


def _charset(arguments: Arguments) -> None:
    arguments.space()
    if arguments.astring().decode("ascii", "replace").upper() not in CHARSETS:
        raise ParseError("Unknown charset", "BADCHARSET (US-ASCII UTF-8)", "NO")
