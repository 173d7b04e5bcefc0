"""DMARC policy records read (RFC 9989 section 4.7)."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

_CACHED = 1_024  # octets of a record that is worth remembering
_POLICIES = ("none", "quarantine", "reject")


class Psd(Enum):
    """Whether the domain says that it is a public suffix."""

    YES = "y"
    NO = "n"
    UNSAID = "u"


class Record(NamedTuple):
    """One policy. An empty ``subdomains`` or ``missing`` falls back on the one before it.

    Where no ``policy`` can be told, it is "": the record then says only whose organization the domain is.
    """

    policy: str = "none"  # p=
    subdomains: str = ""  # sp=
    missing: str = ""  # np=: for subdomains that do not exist
    strict_dkim: bool = False
    strict_spf: bool = False
    testing: bool = False  # t=y: apply one step less
    psd: Psd = Psd.UNSAID
    reports: tuple[str, ...] = ()  # rua=
    failures: tuple[str, ...] = ()  # ruf=


def parse(text: bytes) -> Record | None:
    """The record, or None if this is none. Unknown tags and values are passed over, as if they were not there."""
    return _remembered(text) if len(text) <= _CACHED else _parse(text)


def _parse(text: bytes) -> Record | None:
    parts = text.decode("ascii", "replace").split(";")
    name, _, version = parts[0].partition("=")
    if name.strip() != "v" or version.strip() != "DMARC1":
        return None
    tags: dict[str, str] = {}
    for part in parts[1:]:
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    policy, subdomains, missing = (tags.get(name, "").lower() for name in ("p", "sp", "np"))
    reports = _addresses(tags, "rua")
    if policy not in _POLICIES or {subdomains, missing} - {"", *_POLICIES}:
        policy, subdomains, missing = "none" if reports else "", "", ""  # section 4.10.1
    return Record(
        policy,
        subdomains,
        missing,
        tags.get("adkim", "").lower() == "s",
        tags.get("aspf", "").lower() == "s",
        tags.get("t", "").lower() == "y",
        next((psd for psd in Psd if psd.value == tags.get("psd", "").lower()), Psd.UNSAID),
        reports,
        _addresses(tags, "ruf"),
    )


_remembered = lru_cache(2_048)(_parse)


def _addresses(tags: dict[str, str], name: str) -> tuple[str, ...]:
    found = (each.strip() for each in tags.get(name, "").split(","))
    return tuple([each for each in found if each[:7].lower() == "mailto:"])
