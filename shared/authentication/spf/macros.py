"""Macros of SPF records expanded (RFC 7208 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from shared.authentication.spf.record import Macro, split_macros

_LONGEST = 253  # octets of a domain name


def expand(text: str, values: Mapping[str, str]) -> str:
    """``text`` with its macros replaced; ``values`` by lower case letter. Raises `RecordError`."""
    if "%" not in text:
        return text
    return "".join(part if isinstance(part, str) else _value(part, values) for part in split_macros(text))


def expand_domain(text: str, values: Mapping[str, str]) -> str:
    """The same for a domain: one that grew too long loses labels from the left (section 7.3)."""
    domain = expand(text, values).rstrip(".")
    while len(domain) > _LONGEST:
        _, dot, domain = domain.partition(".")
        if not dot:
            return ""
    return domain


def _value(macro: Macro, values: Mapping[str, str]) -> str:
    value = values[macro.letter.lower()]
    if macro.keep or macro.reverse or macro.delimiters != ".":
        parts = _split(value, macro.delimiters)
        if macro.reverse:
            parts.reverse()
        value = ".".join(parts[-macro.keep :])
    return quote(value, safe="-._~") if macro.letter.isupper() else value


def _split(value: str, delimiters: str) -> list[str]:
    for other in delimiters[1:]:
        value = value.replace(other, delimiters[0])
    return value.split(delimiters[0])
