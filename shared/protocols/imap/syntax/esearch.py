"""ESEARCH (RFC 7377): SEARCH in several mailboxes, answered with UIDs."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import mailbox
from shared.protocols.imap.syntax.search import program
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.syntax.search_return import ALL, Returns, returns
from shared.protocols.imap.tokens import Arguments


class Within(StrEnum):
    """Which mailboxes a source stands for."""

    SELECTED = "SELECTED"
    INBOXES = "INBOXES"
    PERSONAL = "PERSONAL"
    SUBSCRIBED = "SUBSCRIBED"
    SUBTREE = "SUBTREE"
    SUBTREE_ONE = "SUBTREE-ONE"
    MAILBOXES = "MAILBOXES"


_NAMED = frozenset({Within.SUBTREE, Within.SUBTREE_ONE, Within.MAILBOXES})


class Source(NamedTuple):
    """``names`` go with SUBTREE, SUBTREE-ONE and MAILBOXES."""

    within: Within
    names: tuple[str, ...] = ()


class Esearch(NamedTuple):
    """Search all mailboxes that any of ``sources`` stands for; ``charset``: one was named.

    ``trouble`` is as in `Program`.
    """

    sources: tuple[Source, ...]
    key: Key
    returns: Returns
    modseq: bool = False
    charset: bool = False
    trouble: ParseError | None = None


SELECTED: tuple[Source, ...] = (Source(Within.SELECTED),)


def parse(arguments: Arguments) -> Esearch:
    """``[SP IN SP "(" source *(SP source) ")"] [SP RETURN ...] SP search-program``."""
    arguments.space()
    sources = SELECTED
    if arguments.skip_word(b"IN"):
        arguments.space()
        sources = arguments.items(_source)
        if not sources:
            raise ParseError("No mailbox to search")
        arguments.space()
    asked = returns(arguments) or ALL
    key, modseq, charset, trouble = program(arguments, asked)
    if "SAVE" in asked.options and set(sources) != set(SELECTED):
        raise ParseError("SAVE is for the selected mailbox")
    return Esearch(sources, key, asked, modseq, charset, trouble)


def _source(arguments: Arguments) -> Source:
    try:
        within = Within(arguments.keyword())
    except ValueError:
        raise ParseError("Unknown choice of mailboxes") from None
    if within not in _NAMED:
        return Source(within)
    arguments.space()
    return Source(within, arguments.items(mailbox) if arguments.peek() == b"(" else (mailbox(arguments),))
