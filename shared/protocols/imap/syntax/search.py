"""SEARCH and UID SEARCH (RFC 3501 section 6.4.4) with RETURN (see `search_return`)."""

from __future__ import annotations

from typing import NamedTuple

from shared.mail import charsets
from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.syntax.search_criteria import Criteria
from shared.protocols.imap.syntax.search_key import All, Key
from shared.protocols.imap.syntax.search_return import Returns, returns
from shared.protocols.imap.tokens import Arguments


class Search(NamedTuple):
    """``returns`` is None for the old SEARCH response. ``modseq`` tells that a MODSEQ key stands in the criteria,
    ``charset`` that one was named; ``trouble`` is as in `Program`.
    """

    uid: bool
    key: Key
    returns: Returns | None = None
    modseq: bool = False
    charset: bool = False
    trouble: ParseError | None = None


class Program(NamedTuple):
    """What is searched for.

    ``trouble``: the charset is not known, so the criteria could not be read, and what was to be saved is empty now
    (RFC 5182 section 2.1). Where nothing was to be saved it is raised instead.
    """

    key: Key
    modseq: bool = False
    charset: bool = False
    trouble: ParseError | None = None


def parse(arguments: Arguments) -> Search:
    """``[SP RETURN SP "(" options ")"] [SP CHARSET SP charset] 1*(SP search-key)``."""
    arguments.space()
    asked = returns(arguments)
    key, modseq, named, trouble = program(arguments, asked)
    return Search(arguments.uid, key, asked, modseq, named, trouble)


def program(arguments: Arguments, asked: Returns | None) -> Program:
    """``[CHARSET SP charset SP] search-key *(SP search-key)``."""
    named = arguments.skip_word(b"CHARSET")
    if named:
        arguments.space()
        try:
            charset(arguments)
        except ParseError as error:
            if error.status == "BAD" or asked is None or "SAVE" not in asked.options:
                raise
            arguments.rest()
            return Program(All(), charset=True, trouble=error)
        arguments.space()
    criteria = Criteria(arguments)
    key = criteria.read()
    if asked is not None and "RELEVANCY" in asked.options and not criteria.fuzzy:
        raise ParseError("RELEVANCY needs FUZZY")
    return Program(key, criteria.modseq, named)


def charset(arguments: Arguments) -> None:
    """The character set of all strings to come."""
    name = arguments.astring().decode("ascii", "replace")
    if not charsets.known(name):
        raise ParseError("Unknown charset", _BAD_CHARSET, "NO")
    arguments.charset = name


_TOLD = ("us-ascii", "utf-8", "iso-8859-", "iso-2022-jp", "windows-125", "koi8-", "gb18030", "big5", "euc-", "sjis")
_NAMES = " ".join(sorted(name.upper() for name in charsets.codecs() if name.startswith(_TOLD)))
_BAD_CHARSET = f"BADCHARSET ({_NAMES})"
