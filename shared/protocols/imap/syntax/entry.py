"""Entries of annotations (RFC 5464 section 5), as several commands name them."""

from __future__ import annotations

import re

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments

_ENTRY = re.compile(rb"(?:/[ !-$&-)+-.0-~]+)+\Z")  # no "*" and "%", no empty level


def entry(arguments: Arguments) -> str:
    """``entry``, in lower case."""
    octets = arguments.astring()
    if not _ENTRY.match(octets):
        raise ParseError("Not the name of an entry")
    return octets.decode("ascii").lower()


def entries(arguments: Arguments) -> tuple[str, ...]:
    """``entry`` or ``"(" entry *(SP entry) ")"``, each once."""
    if arguments.peek() != b"(":
        return (entry(arguments),)
    found = arguments.items(entry)
    if not found:
        raise ParseError("No entry")
    return tuple(dict.fromkeys(found))
