"""SEARCH and UID SEARCH (RFC 3501 section 6.4.4) with RETURN (RFC 4731, RFC 5182)."""

from __future__ import annotations

from typing import NamedTuple

from shared.mail import charsets
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.tokens import Arguments

RETURNS = frozenset({"MIN", "MAX", "ALL", "COUNT", "SAVE"})


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
        returns = return_options(arguments)
        arguments.space()
    if arguments.skip_word(b"CHARSET"):
        arguments.space()
        charset(arguments)
        arguments.space()
    criteria = Criteria(arguments)
    return Search(arguments.uid, criteria.read(), returns, criteria.modseq)


def return_options(arguments: Arguments) -> frozenset[str]:
    """``SP "(" [option *(SP option)] ")"``."""
    arguments.space()
    options = frozenset(arguments.items(Arguments.keyword))
    if not options <= RETURNS:
        raise ParseError("Unknown return option")
    return options or frozenset({"ALL"})


def charset(arguments: Arguments) -> None:
    """The character set of all strings to come."""
    name = arguments.astring().decode("ascii", "replace")
    if not charsets.known(name):
        raise ParseError("Unknown charset", _BAD_CHARSET, "NO")
    arguments.charset = name


_TOLD = ("us-ascii", "utf-8", "iso-8859-", "iso-2022-jp", "windows-125", "koi8-", "gb18030", "big5", "euc-", "sjis")
_NAMES = " ".join(sorted(name.upper() for name in charsets.codecs() if name.startswith(_TOLD)))
_BAD_CHARSET = f"BADCHARSET ({_NAMES})"
