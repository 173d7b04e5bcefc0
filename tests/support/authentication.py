"""Keys, signed messages and a DNS of dictionaries for tests of mail authentication."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.authentication.arc.chain import Chain, ChainVerifier
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import SigningKey, signing_key
from shared.authentication.dkim.sign import Signer
from shared.authentication.dkim.verify import Verdict, Verifier
from shared.protocols.dns import NODATA, NXDOMAIN, Answer, Exchange, Inquiry, Question, Status

T = TypeVar("T")
Records = Mapping[tuple[str, str], Answer | Sequence[str]]

NOW = 1_790_000_000


@cache
def private_key(kind: str) -> bytes:
    """A key of ``rsa`` or ``ed25519`` in PKCS #8 DER; the same one all the time."""
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def key_record(kind: str, private: bytes) -> str:
    """What stands in the DNS for a private key."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    public = load_der_private_key(private, None).public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k={kind}; p={b64encode(octets).decode()}"


def key_pair(kind: str, domain: str, selector: str) -> tuple[SigningKey, str, str]:
    """A key to sign with, the name of its record and the record."""
    private = private_key(kind)
    name = f"{selector}._domainkey.{domain}"
    return signing_key(domain, selector, private), name, key_record(kind, private)


def answer(kind: str, values: Sequence[str]) -> Answer:
    """An answer that holds ``values``; MX values are names."""
    found = Answer(Status.FOUND)
    if kind in ("A", "AAAA"):
        return found._replace(addresses=tuple(values))
    if kind == "MX":
        return found._replace(exchanges=tuple([Exchange(10, value) for value in values]))
    if kind == "TXT":
        return found._replace(texts=tuple([value.encode() for value in values]))
    return found._replace(names=tuple(values))


def look_up(records: Records, question: Question) -> Answer:
    """The answer from ``records``, by name and type."""
    name = question.name.lower()
    found = records.get((name, question.kind))
    if found is None:
        known = any(other == name or other.endswith(f".{name}") for other, _ in records)
        return NODATA if known else NXDOMAIN
    return found if isinstance(found, Answer) else answer(question.kind, found)


def solve(inquiry: Inquiry[T], records: Records, asked: list[Question] | None = None) -> T:
    """The result of an inquiry whose questions are answered from ``records``."""
    try:
        question = next(inquiry)
        while True:
            if asked is not None:
                asked.append(question)
            question = inquiry.send(look_up(records, question))
    except StopIteration as stop:
        result: T = stop.value
        return result


def split(message: bytes) -> tuple[bytes, bytes]:
    """Header block without its empty line, and body."""
    header, _, body = message.partition(b"\r\n\r\n")
    return header + b"\r\n", body


def sign(message: bytes, *keys: SigningKey, now: int = NOW) -> bytes:
    """The message with its signatures in front."""
    header, body = split(message)
    hashes = BodyHashes()
    signer = Signer(HeaderFields(header), hashes, keys)
    hashes.feed(body)
    hashes.finish()
    return signer.fields(now) + message


def verify(message: bytes, records: Records, *, now: int = NOW, step: int = 1 << 30) -> list[Verdict]:
    """The verdicts on its signatures; the body is fed in pieces of ``step`` octets."""
    header, body = split(message)
    hashes = BodyHashes()
    verifier = Verifier(HeaderFields(header), hashes, now)
    for start in range(0, len(body), step):
        hashes.feed(body[start : start + step])
    hashes.finish()
    return solve(verifier.verdicts(), records)


def chain(message: bytes, records: Records) -> Chain:
    """The verdict on its ARC chain."""
    header, body = split(message)
    hashes = BodyHashes()
    verifier = ChainVerifier(HeaderFields(header), hashes)
    hashes.feed(body)
    hashes.finish()
    return solve(verifier.validate(), records)
