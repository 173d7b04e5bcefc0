"""The ARC chain of a message validated (RFC 8617 section 5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from shared.authentication.arc.sets import ArcSet, read_sets
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.canonical import canonical_field
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.verify import key_of, signed_field
from shared.authentication.tags import TagError
from shared.protocols.dns import Inquiry, Question


class Status(Enum):
    """Chain validation status."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"


class Chain(NamedTuple):
    """``sealers`` are the domains that sealed, oldest first; ``results`` what the newest of them found (its AAR)."""

    status: Status
    why: str = ""
    sealers: tuple[str, ...] = ()
    temporary: bool = False  # it failed because a key could not be asked for


class ChainVerifier:
    """The chain of one message; the body reaches ``hashes`` by the caller."""

    def __init__(self, header: HeaderFields, hashes: BodyHashes) -> None:
        self._header = header
        self._hashes = hashes
        self._problem = ""
        self._sets: list[ArcSet] = []
        try:
            self._sets = read_sets(header)
        except TagError as error:
            self._problem = str(error)
        if self._sets:
            newest = self._sets[-1].signature
            hashes.want(relaxed=newest.relaxed_body, limit=newest.limit)

    def questions(self) -> Iterator[Question]:
        """What `validate` will ask."""
        if self._sets:
            yield Question(self._sets[-1].signature.key_name, "TXT")
            yield from (Question(each.sealed.key_name, "TXT") for each in self._sets)

    def validate(self) -> Inquiry[Chain]:
        """The chain's status; after the body's end."""
        if self._problem:
            return Chain(Status.FAIL, self._problem)
        if not self._sets:
            return Chain(Status.NONE)
        sealers = tuple([each.sealed.domain for each in self._sets])
        if any(each.sealed.validation == "fail" for each in self._sets):
            return Chain(Status.FAIL, "an earlier hop found it broken", sealers)
        why, temporary = yield from self._check()
        return Chain(Status.FAIL if why else Status.PASS, why, sealers, temporary)

    def _check(self) -> Inquiry[tuple[str, bool]]:
        """What is wrong with the signatures, "" for nothing, and whether it may pass."""
        newest = self._sets[-1]
        signature = newest.signature
        body = self._hashes.digest(relaxed=signature.relaxed_body, limit=signature.limit)
        if body.digest != signature.body_hash:
            return "body was changed", False
        octets = self._header.selected(signature.headers, relaxed=signature.relaxed_header)
        octets += signed_field(newest.message, relaxed=signature.relaxed_header)
        checks = [(signature.key_name, signature.algorithm, signature.signature, octets, "message signature")]
        for number, each in enumerate(self._sets, 1):
            seal = each.sealed
            octets = sealed_octets(self._sets[: number - 1], each.results.raw, each.message.raw)
            octets += signed_field(each.seal, relaxed=True)
            checks.append((seal.key_name, seal.algorithm, seal.signature, octets, f"seal {number}"))
        for name, algorithm, made, octets, what in checks:
            answer = yield Question(name, "TXT")
            if answer.failed:
                return f"no answer for the key of {what}", True
            try:
                good = key_of(answer, algorithm).verify(made, octets)
            except TagError as error:
                return f"{what}: {error}", False
            if not good:
                return f"{what} does not verify", False
        return "", False


def sealed_octets(before: Sequence[ArcSet], results: bytes, message: bytes) -> bytes:
    """What a seal covers beside itself: the earlier sets, then its own other fields (section 5.1.1)."""
    raws = [raw for each in before for raw in (each.results.raw, each.message.raw, each.seal.raw)]
    return b"".join([canonical_field(raw, relaxed=True) for raw in (*raws, results, message)])
