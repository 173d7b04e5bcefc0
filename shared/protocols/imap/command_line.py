"""One command as a run of octets (see `tokens`): its head, the literal that its line announces, and what it says."""

from __future__ import annotations

import re

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.events import BadSyntax, Command
from shared.protocols.imap.grammar import COMMANDS
from shared.protocols.imap.tokens import Arguments

HEAD = re.compile(rb"([!#$&',-\[\]^-z|}~]+) (?:([Uu][Ii][Dd]) )?([!#$&',-\[^-z|}~+]+)")  # tag, "UID", name
_TAG = re.compile(rb"([!#$&',-\[\]^-z|}~]+)(?: |\Z)")
_ANNOUNCED = re.compile(rb"~?\{([0-9]+)(\+?)\}\Z")
_ENDLESS = 2**63  # stands for a literal size with more digits than are worth reading


def read_command(line: bytes, *, utf8: bool) -> Command | BadSyntax:
    """What a complete command says."""
    head = HEAD.match(line)
    if head is None:
        return BadSyntax(tag_of(line), "Command expected, as tag and name")
    tag, uid, name = head.groups()
    row = COMMANDS.get(name) or COMMANDS.get(name.upper())
    if row is None or not (row.uid or uid is None):
        return BadSyntax(tag.decode("ascii"), "Unknown command")
    arguments = Arguments(line, head.end(), uid=uid is not None, utf8=utf8)
    try:
        value = row.parse(arguments)
        arguments.finish()
    except ParseError as error:
        return refusal(tag.decode("ascii"), error)
    return Command(tag.decode("ascii"), row.name, value)


def announced(line: bytes) -> tuple[int, bool] | None:
    """The literal announced at the end of a line: its size, and whether the client waits for a go-ahead."""
    found = _ANNOUNCED.search(line, max(line.rfind(b"{") - 1, 0))
    if found is None:
        return None
    return int(found[1]) if len(found[1]) < 20 else _ENDLESS, not found[2]


def tag_of(line: bytes) -> str:
    """The tag of a command that may have nothing else; "*" when there is none."""
    found = _TAG.match(line)
    return found[1].decode("ascii") if found else "*"


def refusal(tag: str, error: ParseError) -> BadSyntax:
    """What the session is told of a command that cannot be read."""
    return BadSyntax(tag, error.text, error.code, error.status)
