"""SPF records read (RFC 7208 sections 4.5, 4.6.1, 5, 6 and 12)."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from shared.base.errors import EilpostError

VERSION = b"v=spf1"
_CACHED = 1_024  # octets of a record that is worth remembering

_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z", re.DOTALL)
_MECHANISM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9_-]*)(.*)\Z", re.DOTALL)
_CIDR = re.compile(r"(.*?)(?:/(0|[1-9][0-9]{0,2}))?(?://(0|[1-9][0-9]{0,2}))?\Z", re.DOTALL)
_EXPAND = re.compile(r"%\{([slodiphcrtvSLODIPHCRTV])([0-9]*)([rR]?)([.+,/_=-]*)\}|%([%_-])|([ -$&-~]+)")
_MACRO_END = re.compile(r"%\{[^}]*\}\Z")
_TOP_LABEL = re.compile(r"\.(?=[A-Za-z0-9-]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?\Z")
_WITH_DOMAIN = frozenset({"include", "exists"})


class RecordError(EilpostError):
    """The record breaks the grammar: permerror."""


class Result(Enum):
    """RFC 7208 section 2.6."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


QUALIFIERS = {"": Result.PASS, "+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


class Mechanism(NamedTuple):
    """One directive. ``domain`` is a macro-string, "" for the current domain; prefixes are in bits."""

    qualifier: Result
    name: str
    domain: str = ""
    prefix4: int = 32
    prefix6: int = 128
    network: IPv4Address | IPv6Address | None = None  # of ip4 and ip6


class Record(NamedTuple):
    mechanisms: tuple[Mechanism, ...]
    redirect: str = ""  # macro-strings
    explanation: str = ""


class Macro(NamedTuple):
    """``%{letter digits r delimiters}``; ``keep`` is 0 for all parts."""

    letter: str
    keep: int
    reverse: bool
    delimiters: str


def is_record(text: bytes) -> bool:
    """Whether a TXT record is an SPF record of this version."""
    return text[:6].lower() == VERSION and text[6:7] in (b"", b" ")


def parse(text: bytes) -> Record:
    """The record. Raises `RecordError` for an error anywhere in it."""
    return _remembered(text) if len(text) <= _CACHED else _parse(text)


def _parse(text: bytes) -> Record:
    if not text.isascii():
        raise RecordError("not ASCII")
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text.decode("ascii").split(" ")[1:]:
        if not term:
            continue
        found = _MODIFIER.match(term)
        if found is None:
            mechanisms.append(_mechanism(term))
            continue
        name, value = found[1].lower(), found[2]
        if name not in ("redirect", "exp"):
            split_macros(value)
        elif name in modifiers:
            raise RecordError(f"{name}= twice")
        else:
            modifiers[name] = _domain(value)
    return Record(tuple(mechanisms), modifiers.get("redirect", ""), modifiers.get("exp", ""))


_remembered = lru_cache(2_048)(_parse)


def _mechanism(term: str) -> Mechanism:
    found = _MECHANISM.match(term)
    if found is None:
        raise RecordError(f"unreadable term {term[:80]!r}")
    qualifier, name, rest = QUALIFIERS[found[1]], found[2].lower(), found[3]
    if name == "all":
        if rest:
            raise RecordError("all takes nothing")
        return Mechanism(qualifier, name)
    if name in ("ip4", "ip6"):
        return _network(qualifier, name, rest)
    if name in _WITH_DOMAIN:
        if not rest.startswith(":"):
            raise RecordError(f"{name} needs a domain")
        return Mechanism(qualifier, name, _domain(rest[1:]))
    if name == "ptr":
        if rest and not rest.startswith(":"):
            raise RecordError(f"unreadable term {term[:80]!r}")
        return Mechanism(qualifier, name, _domain(rest[1:]) if rest else "")
    if name in ("a", "mx"):
        return _addressed(qualifier, name, rest)
    raise RecordError(f"unknown mechanism {name[:80]!r}")


def _addressed(qualifier: Result, name: str, rest: str) -> Mechanism:
    domain, prefix4, prefix6 = _prefixes(rest)
    if domain and not domain.startswith(":"):
        raise RecordError(f"unreadable {name}")
    return Mechanism(qualifier, name, _domain(domain[1:]) if domain else "", prefix4, prefix6)


def _prefixes(text: str) -> tuple[str, int, int]:
    """What stands before the dual-cidr-length, and both lengths."""
    found = _CIDR.match(text)
    if found is None:  # cannot be: every part may be absent
        raise RecordError("unreadable prefix length")
    prefix4, prefix6 = int(found[2] or 32), int(found[3] or 128)
    if prefix4 > 32 or prefix6 > 128:
        raise RecordError("prefix length beyond the address")
    return found[1], prefix4, prefix6


def _network(qualifier: Result, name: str, rest: str) -> Mechanism:
    text, slash, bits = rest.partition("/")
    if not text.startswith(":"):
        raise RecordError(f"{name} needs a network")
    try:
        address = ip_address(text[1:])
    except ValueError as error:
        raise RecordError(f"{name} with no address") from error
    size = 32 if name == "ip4" else 128
    if address.max_prefixlen != size or "%" in text:
        raise RecordError(f"{name} with an address of the other kind")
    if slash and (not bits.isdecimal() or (bits[0] == "0" and bits != "0") or int(bits) > size):
        raise RecordError(f"{name} with prefix length {bits[:80]!r}")
    prefix = int(bits) if slash else size
    return Mechanism(qualifier, name, "", prefix, prefix, address)


def _domain(text: str) -> str:
    """A domain-spec: a macro-string that ends in a top label or a macro."""
    if any(isinstance(part, Macro) and part.letter in "crtCRT" for part in split_macros(text)):
        raise RecordError("a macro letter that only explanations may have")
    if not (_MACRO_END.search(text) or _TOP_LABEL.search(text)):
        raise RecordError(f"no domain: {text[:80]!r}")
    return text


@lru_cache(2_048)
def split_macros(text: str) -> tuple[str | Macro, ...]:
    """The literals and macros of a macro-string (section 7.1). Raises `RecordError`."""
    parts: list[str | Macro] = []
    at = 0
    while at < len(text):
        found = _EXPAND.match(text, at)
        if found is None:
            raise RecordError(f"unreadable macro {text[at : at + 20]!r}")
        at = found.end()
        letter, digits, reverse, delimiters, escape, literal = found.groups()
        if literal:
            parts.append(literal)
        elif escape:
            parts.append({"%": "%", "_": " ", "-": "%20"}[escape])
        else:
            if digits and not 0 < int(digits[:4]) <= 128:
                raise RecordError("macro with no parts")
            parts.append(Macro(letter, int(digits or 0), bool(reverse), delimiters or "."))
    return tuple(parts)
