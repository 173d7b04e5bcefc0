"""LIST (RFC 3501 section 6.3.8), extended (RFC 5258, 5819, 6154, 8440, 9590), and LSUB (section 6.3.9)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.names import list_mailbox, mailbox
from shared.protocols.imap.syntax.entry import entries
from shared.protocols.imap.syntax.status import items
from shared.protocols.imap.tokens import Arguments

SELECTIONS = frozenset({"SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"})
RETURNS = frozenset({"SUBSCRIBED", "CHILDREN", "MYRIGHTS", "SPECIAL-USE"})


class List(NamedTuple):
    """Patterns are Unicode with "%" and "*" as wildcards, in the client's hierarchy separator.

    ``extended`` tells that the extended form was used (RFC 5258 section 3), ``lsub`` that it was LSUB.
    ``status`` holds the items of RETURN (STATUS (...)), ``metadata`` the entries of RETURN (METADATA (...)).
    """

    reference: str
    patterns: tuple[str, ...]
    selection: frozenset[str] = frozenset()  # of `SELECTIONS`
    returns: frozenset[str] = frozenset()  # of `RETURNS`
    status: tuple[str, ...] = ()
    extended: bool = False
    lsub: bool = False
    metadata: tuple[str, ...] = ()


def parse(arguments: Arguments) -> List:
    """``[SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]``."""
    arguments.space()
    selection: frozenset[str] = frozenset()
    extended = arguments.peek() == b"("
    if extended:
        selection = _selection(arguments)
        arguments.space()
    reference = mailbox(arguments)
    arguments.space()
    if arguments.peek() == b"(":
        extended = True
        patterns = arguments.items(list_mailbox)
        if not patterns:
            raise ParseError("No pattern")
    else:
        patterns = (list_mailbox(arguments),)
    if arguments.at_end():
        return List(reference, patterns, selection, extended=extended)
    arguments.space()
    returns, status, metadata = _returns(arguments)
    return List(reference, patterns, selection, returns, status, extended=True, metadata=metadata)


def parse_lsub(arguments: Arguments) -> List:
    """LSUB ``mailbox SP list-mailbox``."""
    arguments.space()
    reference = mailbox(arguments)
    arguments.space()
    return List(reference, (list_mailbox(arguments),), lsub=True)


def _selection(arguments: Arguments) -> frozenset[str]:
    options = frozenset(arguments.items(Arguments.keyword))
    if not options <= SELECTIONS:
        raise ParseError("Unknown selection option")
    if "RECURSIVEMATCH" in options and options <= {"RECURSIVEMATCH", "REMOTE"}:
        raise ParseError("RECURSIVEMATCH needs another selection option")
    return options


def _returns(arguments: Arguments) -> tuple[frozenset[str], tuple[str, ...], tuple[str, ...]]:
    if arguments.keyword() != "RETURN":
        raise ParseError("RETURN expected")
    arguments.space()
    status: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    options: set[str] = set()
    arguments.open()
    while not arguments.skip(b")"):
        if options or status or metadata:
            arguments.space()
        option = arguments.keyword()
        if option == "STATUS":
            arguments.space()
            status = items(arguments)
        elif option == "METADATA":
            arguments.space()
            metadata = entries(arguments)
        elif option in RETURNS:
            options.add(option)
        else:
            raise ParseError("Unknown return option")
    arguments.leave()
    return frozenset(options), status, metadata
