"""SORT and UID SORT (RFC 5256), SORT=DISPLAY (RFC 5957), SORT by relevancy (RFC 6203), with RETURN (RFC 5267)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search import charset
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.syntax.search_return import Returns, returns
from shared.protocols.imap.tokens import Arguments

NAMES = frozenset(["ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO", "RELEVANCY"])


class Criterion(NamedTuple):
    """``name`` is of `NAMES`."""

    name: str
    reverse: bool = False


class Sort(NamedTuple):
    """``returns`` and ``modseq`` as in `shared.protocols.imap.syntax.search.Search`, None for the SORT response."""

    uid: bool
    criteria: tuple[Criterion, ...]
    key: Key
    returns: Returns | None = None
    modseq: bool = False


def parse(arguments: Arguments) -> Sort:
    """``[SP RETURN SP "(" options ")"] SP "(" sort-key *(SP sort-key) ")" SP charset 1*(SP search-key)``."""
    arguments.space()
    asked = returns(arguments)
    order = arguments.items(_criterion)
    if not order:
        raise ParseError("Sort key missing")
    arguments.space()
    charset(arguments)
    arguments.space()
    criteria = Criteria(arguments)
    key = criteria.read()
    scored = asked is not None and "RELEVANCY" in asked.options
    if not criteria.fuzzy and (scored or any(each.name == "RELEVANCY" for each in order)):
        raise ParseError("RELEVANCY needs FUZZY")
    return Sort(arguments.uid, order, key, asked, criteria.modseq)


def _criterion(arguments: Arguments) -> Criterion:
    name = arguments.keyword()
    reverse = name == "REVERSE"
    if reverse:
        arguments.space()
        name = arguments.keyword()
    if name not in NAMES:
        raise ParseError("Unknown sort key")
    return Criterion(name, reverse)
