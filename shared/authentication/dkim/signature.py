"""DKIM-Signature and ARC signature fields read (RFC 6376 section 3.5, RFC 8617 section 4.1)."""

from __future__ import annotations

import re
from binascii import a2b_base64
from functools import lru_cache
from typing import NamedTuple

from shared.authentication.tags import TagError, parse_tags, without_space

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"
ALGORITHMS = frozenset({RSA, ED25519})  # rsa-sha1 counts for nothing (RFC 8301 section 3.1)
_REQUIRED = ("a", "b", "bh", "d", "s")
_FIELDS = 500  # names in h=
_LONGEST_DOMAIN = 253  # characters
_OCTETS = 64 * 1024  # of a field
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?:\.(?!-)[A-Za-z0-9_-]{1,63})*\Z")
_NUMBER = re.compile(r"[0-9]{1,76}\Z")
_B = re.compile(rb";[ \t\r\n]*b[ \t\r\n]*=")
_FIRST_B = re.compile(rb"[^:]*:[ \t\r\n]*b[ \t\r\n]*=")
_KEPT = 4_096  # domains, and values of h=, that are read once: a sender's programs write the same ones each time
_WORTH_KEEPING = 1_024  # characters of h=


class Signature(NamedTuple):
    """One signature as it was written. ``identity`` is i= of DKIM; ARC puts its instance there."""

    algorithm: str
    signature: bytes
    body_hash: bytes
    domain: str  # lower case
    selector: str
    headers: tuple[bytes, ...]  # lower case names
    relaxed_header: bool
    relaxed_body: bool
    identity: str
    limit: int | None  # l=: octets of the canonical body
    signed: int | None  # Unix seconds
    expires: int | None

    @property
    def key_name(self) -> str:
        """Where the public key is."""
        return f"{self.selector}._domainkey.{self.domain}"


def parse_signature(value: bytes) -> Signature:
    """A DKIM-Signature's value. Raises `TagError`."""
    tags = field_tags(value)
    if tags.get("v") != "1":
        raise TagError("unknown version")
    signature = from_tags(tags)
    if b"from" not in signature.headers:
        raise TagError("From is not signed")
    identity = tags.get("i", f"@{signature.domain}")
    _, at, domain = identity.rpartition("@")
    domain = domain.lower()
    if not at or not (domain == signature.domain or domain.endswith(f".{signature.domain}")):
        raise TagError("i= lies outside of d=")
    methods = without_space(tags.get("q", "dns/txt")).split(":")
    if "dns/txt" not in methods:
        raise TagError("unknown query method")
    return signature._replace(identity=identity)


def field_tags(value: bytes) -> dict[str, str]:
    """The tags of a signature field. Raises `TagError`."""
    if len(value) > _OCTETS:
        raise TagError("too large")
    try:
        return parse_tags(value.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise TagError("not UTF-8") from error


def from_tags(tags: dict[str, str]) -> Signature:
    """What DKIM-Signature and ARC-Message-Signature have in common. Raises `TagError`."""
    for name in _REQUIRED:
        if not tags.get(name):
            raise TagError(f"no {name}=")
    if "h" not in tags:
        raise TagError("no h=")
    algorithm = tags["a"].lower()
    if algorithm not in ALGORITHMS:
        raise TagError(f"algorithm {algorithm[:30]} is not accepted")
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    if header not in ("simple", "relaxed") or body not in ("", "simple", "relaxed"):
        raise TagError("unknown canonicalization")
    names = tags["h"]
    headers = _remembered_names(names) if len(names) <= _WORTH_KEEPING else _names(names)
    signed, expires = _number(tags, "t"), _number(tags, "x")
    if signed is not None and expires is not None and expires < signed:
        raise TagError("expires before it was made")
    return Signature(
        algorithm,
        decoded(tags["b"]),
        decoded(tags["bh"]),
        domain_name(tags["d"]),
        domain_name(tags["s"]),
        headers,
        header == "relaxed",
        body == "relaxed",
        tags.get("i", ""),
        _number(tags, "l"),
        signed,
        expires,
    )


def _names(text: str) -> tuple[bytes, ...]:
    """The value of h=. Raises `TagError`."""
    names = tuple(without_space(text).lower().encode().split(b":"))
    if len(names) > _FIELDS:
        raise TagError("too many names in h=")
    return names


_remembered_names = lru_cache(_KEPT)(_names)


def domain_name(text: str) -> str:
    """A domain name in lower case A-labels. Raises `TagError`."""
    return _remembered_domain(text) if len(text) <= _LONGEST_DOMAIN else _domain_name(text)


def _domain_name(text: str) -> str:
    if not text.isascii():
        import idna

        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise TagError("no domain name") from error
    if len(text) > _LONGEST_DOMAIN or not _NAME.match(text):
        raise TagError(f"no domain name: {text[:60]!r}")
    return text.lower()


_remembered_domain = lru_cache(_KEPT)(_domain_name)


def decoded(text: str) -> bytes:
    """Base64 that may be folded. Raises `TagError`."""
    try:
        return a2b_base64(without_space(text), strict_mode=True)
    except ValueError as error:
        raise TagError("no base64") from error


def without_signature(raw: bytes) -> bytes:
    """The field with an empty b=, as it is hashed (section 3.5)."""
    found = _FIRST_B.match(raw) or _B.search(raw)
    if found is None:
        return raw
    start, end = found.end(), raw.find(b";", found.end())
    return raw[:start] if end < 0 else raw[:start] + raw[end:]


def _number(tags: dict[str, str], name: str) -> int | None:
    text = tags.get(name)
    if text is None:
        return None
    if not _NUMBER.match(text):
        raise TagError(f"{name}= is no number")
    return int(text)
