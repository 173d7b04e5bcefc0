"""TLS towards other servers: how much of it a destination needs."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import NamedTuple

from shared.net.shell import PeerGone

Check = Callable[[Sequence[bytes]], bool]


class Demand(NamedTuple):
    """Who asks for TLS, in the words of reports (RFC 8460 section 4.4): tlsa, sts or no-policy-found.

    With the lines of that policy and the hosts that it names.
    """

    policy: str
    lines: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


NOBODY = Demand("no-policy-found")


class Encryption:
    """One level, and the context that serves it.

    ``none`` does without; ``may`` takes what the server can (RFC 7435); ``encrypt`` demands TLS with whomever;
    ``verify`` demands that the certificate is the host's. ``fingerprints`` judges the certificates by itself (DANE).
    """

    def __init__(
        self, level: str, context: ssl.SSLContext, fingerprints: Check | None = None, demand: Demand = NOBODY
    ) -> None:
        self.level = level
        self.context = context
        self.demand = demand
        self._fingerprints = fingerprints

    @property
    def wanted(self) -> bool:
        return self.level != "none"

    @property
    def demanded(self) -> bool:
        return self.level in ("encrypt", "verify")

    @property
    def verifies(self) -> bool:
        """Whether a handshake that succeeds proves who the server is."""
        return self.level == "verify" or self._fingerprints is not None

    def check(self, certificates: Sequence[bytes]) -> None:
        """After the handshake: raises `PeerGone` when the server's certificates are not those it announced."""
        if self._fingerprints is not None and not self._fingerprints(certificates):
            raise Mismatch("no certificate of the server matches its TLSA records")


class Mismatch(PeerGone):
    """The server is not the one that its DNS announces."""


def trusting_context() -> ssl.SSLContext:
    """TLS with whomever."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def verifying_context(authority: str = "") -> ssl.SSLContext:
    """TLS with hosts that an authority vouches for: those of the PEM file ``authority``, else the system's."""
    context = ssl.create_default_context(cafile=authority or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
