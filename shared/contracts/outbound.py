"""What delivery remembers in storage about other servers: all replicas agree on it, and a restart forgets nothing."""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.directory import Done
from shared.contracts.op import Op, Repeat, services

DELIVERY = services("delivery")


class Domain(NamedTuple):
    domain: str


class StsPolicy(NamedTuple):
    """An MTA-STS policy as it was fetched (RFC 8461); ``id`` is "" where none is known."""

    domain: str
    id: str = ""
    text: bytes = b""
    expires: int = 0  # Unix seconds


sts_policy = Op("outbound.sts-policy", Domain, StsPolicy, DELIVERY, 8.0, Repeat.SAFE)
keep_sts_policy = Op("outbound.keep-sts-policy", StsPolicy, Done, DELIVERY, 8.0, Repeat.SAFE)
