"""DKIM keys: made and kept by storage, shown to the administrator, lent to the front that signs for a user.

A private key leaves storage only for a front that shows the grant of a user who may send as an address of the key's
domain, and for delivery, which seals what it sends on: one key, that of the installation.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services

ADMIN = services("admin")


class Key(NamedTuple):
    """One selector. Times are Unix seconds; it signs from ``signs_from`` until ``signs_until``, 0 for no end."""

    domain: str
    selector: str
    algorithm: str  # rsa | ed25519
    record: str  # the TXT record
    created: int
    signs_from: int
    signs_until: int


class Keys(NamedTuple):
    keys: tuple[Key, ...]


class Generate(NamedTuple):
    """A pair of keys, RSA and Ed25519, for a domain of ours that has none.

    To ``rotate`` is to make another pair, which signs in ``after`` seconds in place of those that sign now.
    """

    domain: str
    rotate: bool = False
    after: int = 0


generate = Op("dkim.generate", Generate, Keys, ADMIN, 30.0, Repeat.NEVER)


class ListRequest(NamedTuple):
    domain: str = ""  # "" for all


listing = Op("dkim.list", ListRequest, Keys, ADMIN, 8.0, Repeat.SAFE)


class SigningRequest(NamedTuple):
    """Keys for mail from ``address``, as which the account of the grant may send."""

    grant: bytes
    address: str


class PrivateKey(NamedTuple):
    selector: str
    secret: bytes  # PKCS #8 DER
    signs_from: int
    signs_until: int


class SigningKeys(NamedTuple):
    """Those that sign now or will; none where the domain has none."""

    domain: str
    keys: tuple[PrivateKey, ...]


signing = Op("dkim.signing", SigningRequest, SigningKeys, services("smtp"), 8.0, Repeat.SAFE)


class SealingRequest(NamedTuple):
    """The RSA key of the domain that seals what is sent on: that of our host or above it, else any of ours."""

    hostname: str


sealing = Op("dkim.sealing", SealingRequest, SigningKeys, services("delivery"), 8.0, Repeat.SAFE)
