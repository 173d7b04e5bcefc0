"""The ARC sets of a message: three fields for each hop that sealed it (RFC 8617 section 4)."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.signature import (
    ALGORITHMS,
    Signature,
    decoded,
    domain_name,
    field_tags,
    from_tags,
)
from shared.authentication.tags import TagError
from shared.mail.headers import Field

RESULTS, MESSAGE, SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"
SETS = 50
_INSTANCE = re.compile(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([0-9]{1,3})[ \t\r\n]*;")
_NUMBER = re.compile(r"[1-9][0-9]{0,2}\Z")


class Seal(NamedTuple):
    """ARC-Seal: it covers all sets up to its own."""

    validation: str  # cv: none, fail or pass
    algorithm: str
    signature: bytes
    domain: str
    selector: str

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


class ArcSet(NamedTuple):
    """One hop's fields, as they stand and as they were read."""

    results: Field
    message: Field
    seal: Field
    signature: Signature
    sealed: Seal


def read_sets(header: HeaderFields) -> list[ArcSet]:
    """The sets in order of their instances, of which none is missing. Raises `TagError`."""
    seals: dict[int, Field] = {}
    messages: dict[int, Field] = {}
    results: dict[int, Field] = {}
    for found, name in ((seals, SEAL), (messages, MESSAGE), (results, RESULTS)):
        for field in header.named(name):
            number = _instance(field, name)
            if number in found:
                raise TagError(f"instance {number} comes twice")
            found[number] = field
    count = max(len(seals), len(messages), len(results))
    if count > SETS:
        raise TagError(f"more than {SETS} sets")
    wanted = set(range(1, count + 1))
    if not set(seals) == set(messages) == set(results) == wanted:
        raise TagError("a set is not complete")
    return [_read(number, results[number], messages[number], seals[number]) for number in sorted(wanted)]


def _instance(field: Field, name: bytes) -> int:
    value = field.raw.partition(b":")[2]
    if name == RESULTS:
        found = _INSTANCE.match(value)
        text = found[1].decode("ascii") if found else ""
    else:
        text = field_tags(value).get("i", "")
    if not _NUMBER.match(text):
        raise TagError("unreadable instance")
    return int(text)


def _read(number: int, results: Field, message: Field, seal: Field) -> ArcSet:
    tags = field_tags(message.raw.partition(b":")[2])
    tags.setdefault("c", "relaxed/relaxed")  # what all take for the default of ARC
    signature = from_tags(tags)
    if SEAL in signature.headers:
        raise TagError("ARC-Seal is signed by ARC-Message-Signature")
    return ArcSet(results, message, seal, signature, _seal(number, field_tags(seal.raw.partition(b":")[2])))


def _seal(number: int, tags: dict[str, str]) -> Seal:
    for name in ("a", "b", "cv", "d", "s"):
        if not tags.get(name):
            raise TagError(f"ARC-Seal has no {name}=")
    if "h" in tags or "bh" in tags:
        raise TagError("ARC-Seal names fields")
    algorithm, validation = tags["a"].lower(), tags["cv"].lower()
    if algorithm not in ALGORITHMS:
        raise TagError("algorithm is not accepted")
    if validation not in ("fail", "none" if number == 1 else "pass"):
        raise TagError(f"cv={validation[:10]} in instance {number}")
    return Seal(validation, algorithm, decoded(tags["b"]), domain_name(tags["d"]), domain_name(tags["s"]))
