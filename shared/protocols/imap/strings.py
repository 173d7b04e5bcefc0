"""Strings, names, flags and sets as octets that cannot break out of their place (RFC 3501 section 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from shared.protocols.imap import utf7
from shared.protocols.imap.sets import runs

MAX_TEXT = 1024  # characters of resp-text
_UNPRINTABLE = re.compile(r"[^ -~]")
_QUOTABLE = re.compile(rb"[ !#-\[\]-~]{0,1000}\Z")
_BARE = re.compile(rb"[!#$&',-\[\]^-z|}~+]+\Z")
_FLAG = re.compile(r"\\?[!#$&',-\[^-z|}~+]+\Z")


@lru_cache(maxsize=256)
def text(words: str) -> bytes:
    """``resp-text`` made safe: one line of printable ASCII, at most `MAX_TEXT` characters, never empty."""
    return _UNPRINTABLE.sub("?", words[:MAX_TEXT]).encode("ascii") or b"?"


def string(octets: bytes) -> bytes:
    """``string``: quoted where that is allowed, else a literal. NUL, which no literal may hold, becomes "?"."""
    if _QUOTABLE.match(octets):
        return b'"%b"' % octets
    if len(octets) <= 1000 and octets.isascii() and octets.decode("ascii").isprintable():
        return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    octets = octets.replace(b"\0", b"?")
    return b"{%d}\r\n%b" % (len(octets), octets)


def nstring(octets: bytes | None) -> bytes:
    """``nstring``: NIL for None."""
    return b"NIL" if octets is None else string(octets)


def nstring8(octets: bytes | None) -> bytes:
    """``nstring`` or, where there are NULs, ``literal8`` (RFC 3516)."""
    if octets is None or b"\0" not in octets:
        return nstring(octets)
    return b"~{%d}\r\n%b" % (len(octets), octets)


def astring(octets: bytes) -> bytes:
    """``astring``: bare where that is allowed, else `string`."""
    return octets if _BARE.match(octets) else string(octets)


def mailbox(name: str, *, utf8: bool = False) -> bytes:
    """A mailbox name as a quoted string: modified UTF-7, or UTF-8 (RFC 6855). Controls come encoded or as "?"."""
    octets = name.encode("utf-8", "replace") if utf8 else _utf7(name)
    if utf8:
        octets = bytes(octet if octet >= 32 and octet != 127 else 63 for octet in octets)
    return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _utf7(name: str) -> bytes:
    try:
        return utf7.encode(name)
    except ValueError:
        return utf7.encode(name.encode("utf-8", "replace").decode())


def flag_list(names: Iterable[str]) -> bytes:
    """``(\\Seen $Junk)``. What is not a flag by RFC 3501 is left out."""
    return ("(" + " ".join(name for name in names if name == "\\*" or _FLAG.match(name)) + ")").encode("ascii")


def number_set(numbers: Iterable[int]) -> bytes:
    """Numbers as a ``sequence-set``: runs that climb by one become ranges (1:3,7). Empty for none.

    Order is kept, as COPYUID needs it; ascending numbers give the shortest set.
    """
    return range_set(runs(numbers))


def range_set(ranges: Iterable[tuple[int, int]]) -> bytes:
    """Ranges, both ends included, as a ``sequence-set``."""
    return ",".join([f"{low}:{high}" if high > low else str(low) for low, high in ranges]).encode("ascii")
