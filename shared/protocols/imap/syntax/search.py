"""SEARCH and UID SEARCH (RFC 3501 section 6.4.4) with RETURN (see `search_return`)."""

from __future__ import annotations

from typing import NamedTuple

from shared.mail import charsets
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import Key
from shared.protocols.imap.syntax.search_return import Returns, returns
from shared.protocols.imap.tokens import Arguments


class Search(NamedTuple):
    """``returns`` is None for the old SEARCH response. ``modseq`` tells that a MODSEQ key stands in the criteria,
    ``charset`` that one was named.
    """

    uid: bool
    key: Key
    returns: Returns | None = None
    modseq: bool = False
    charset: bool = False


def parse(arguments: Arguments) -> Search:
    """``[SP RETURN SP "(" options ")"] [SP CHARSET SP charset] 1*(SP search-key)``."""
    arguments.space()
    asked = returns(arguments)
    named = arguments.at_word(b"CHARSET")
    key, modseq = program(arguments, asked)
    return Search(arguments.uid, key, asked, modseq, named)


def program(arguments: Arguments, asked: Returns | None) -> tuple[Key, bool]:
    """``[CHARSET SP charset SP] search-key *(SP search-key)``: the key, and whether MODSEQ stands in it."""
    if arguments.skip_word(b"CHARSET"):
        arguments.space()
        charset(arguments)
        arguments.space()
    criteria = Criteria(arguments)
    key = criteria.read()
    if asked is not None and "RELEVANCY" in asked.options and not criteria.fuzzy:
        raise ParseError("RELEVANCY needs FUZZY")
    return key, criteria.modseq


def charset(arguments: Arguments) -> None:
    """The character set of all strings to come."""
    name = arguments.astring().decode("ascii", "replace")
    if not charsets.known(name):
        raise ParseError("Unknown charset", _BAD_CHARSET, "NO")
    arguments.charset = name


_TOLD = ("us-ascii", "utf-8", "iso-8859-", "iso-2022-jp", "windows-125", "koi8-", "gb18030", "big5", "euc-", "sjis")
_NAMES = " ".join(sorted(name.upper() for name in charsets.codecs() if name.startswith(_TOLD)))
_BAD_CHARSET = f"BADCHARSET ({_NAMES})"
