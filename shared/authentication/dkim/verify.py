"""DKIM signatures of one message verified (RFC 6376 section 6), the body hashed while it arrives.

Limits: the first `SIGNATURES` signatures are looked at; keys are 1,024 to 4,096 bits; SHA-1 is not accepted.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.canonical import canonical_field
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import PublicKey, public_key
from shared.authentication.dkim.signature import Signature, parse_signature, without_signature
from shared.authentication.tags import TagError
from shared.mail.headers import Field
from shared.protocols.dns import Answer, Inquiry, Question

SIGNATURES = 10


class Result(Enum):
    """RFC 8601 section 2.7.1."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    POLICY = "policy"  # it verifies, but is not good enough: part of the body is unsigned
    NEUTRAL = "neutral"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Verdict(NamedTuple):
    """What became of one signature; the texts are "" where it could not be read."""

    result: Result
    why: str = ""
    domain: str = ""
    selector: str = ""
    identity: str = ""
    algorithm: str = ""
    signature: str = ""  # the first octets of b=, as written
    testing: bool = False


class Verifier:
    """The signatures of one message. `BodyHashes` may be shared with ARC; it gets the body from the caller."""

    def __init__(self, header: HeaderFields, hashes: BodyHashes, now: int) -> None:
        self._header = header
        self._hashes = hashes
        self._now = now
        self._read: list[tuple[Field, Signature | Verdict]] = []
        for field in header.named(b"dkim-signature")[:SIGNATURES]:
            self._read.append((field, self._prepare(field)))

    def questions(self) -> Iterator[Question]:
        """What `verdicts` will ask, for a caller that can ask at once."""
        for _, signature in self._read:
            if isinstance(signature, Signature):
                yield Question(signature.key_name, "TXT")

    def verdicts(self) -> Inquiry[list[Verdict]]:
        """One for each signature, in order; after the body's end."""
        found: list[Verdict] = []
        for field, signature in self._read:
            if isinstance(signature, Signature):
                answer = yield Question(signature.key_name, "TXT")
                found.append(self._judge(field, signature, answer))
            else:
                found.append(signature)
        return found

    def _prepare(self, field: Field) -> Signature | Verdict:
        try:
            signature = parse_signature(field.raw.partition(b":")[2])
        except TagError as error:
            return Verdict(Result.PERMERROR, str(error))
        self._hashes.want(relaxed=signature.relaxed_body, limit=signature.limit)
        return signature

    def _judge(self, field: Field, signature: Signature, answer: Answer) -> Verdict:
        if signature.expires is not None and signature.expires < self._now:
            return _verdict(signature, Result.FAIL, "signature expired")
        if answer.failed:
            return _verdict(signature, Result.TEMPERROR, "no answer for the key")
        if not answer.texts:
            return _verdict(signature, Result.PERMERROR, "no key")
        body = self._hashes.digest(relaxed=signature.relaxed_body, limit=signature.limit)
        if body.digest != signature.body_hash:
            return _verdict(signature, Result.FAIL, "body was changed")
        try:
            key = key_of(answer, signature.algorithm)
        except TagError as error:
            return _verdict(signature, Result.PERMERROR, str(error))
        if key.strict and signature.identity.rpartition("@")[2].lower() != signature.domain:
            return _verdict(signature, Result.PERMERROR, "i= is not in the key's very domain")
        octets = self._header.selected(signature.headers, relaxed=signature.relaxed_header)
        octets += signed_field(field, relaxed=signature.relaxed_header)
        if not key.verify(signature.signature, octets):
            return _verdict(signature, Result.FAIL, "signature does not verify", testing=key.testing)
        if body.partial:
            return _verdict(signature, Result.POLICY, "part of the body is not signed", testing=key.testing)
        return _verdict(signature, Result.PASS, testing=key.testing)


def key_of(answer: Answer, algorithm: str) -> PublicKey:
    """The key for ``algorithm`` among the records. Raises `TagError`."""
    problem = TagError("no key")
    for record in answer.texts:
        try:
            key = public_key(record)
        except TagError as error:
            problem = error
            continue
        if key.algorithm == algorithm:
            return key
        problem = TagError("key is for another algorithm")
    raise problem


def signed_field(field: Field, *, relaxed: bool) -> bytes:
    """The signature's own field as it is hashed last: empty b=, no line end."""
    return canonical_field(without_signature(field.raw), relaxed=relaxed).removesuffix(b"\r\n")


def _verdict(signature: Signature, result: Result, why: str = "", *, testing: bool = False) -> Verdict:
    return Verdict(
        result,
        why,
        signature.domain,
        signature.selector,
        signature.identity,
        signature.algorithm,
        b2a_base64(signature.signature[:6], newline=False).decode("ascii"),
        testing,
    )
