"""The mechanisms we know, and which of them a connection is offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.protocols.sasl.external import External
from shared.protocols.sasl.login import Login
from shared.protocols.sasl.mechanism import Mechanism
from shared.protocols.sasl.oauth import OauthBearer, Xoauth2
from shared.protocols.sasl.plain import Plain
from shared.protocols.sasl.scram import ScramSha1, ScramSha1Plus, ScramSha256, ScramSha256Plus

PLUS = "-PLUS"
USUAL = (Plain.name, Login.name, ScramSha256.name)
TOKENS = frozenset({OauthBearer.name, Xoauth2.name})


@dataclass(frozen=True)
class Channel:
    """What mechanisms may know of the connection: channel binding data by name (RFC 5929), and the certificate that
    the client's TLS showed, in DER."""

    bindings: Mapping[str, bytes] = field(default_factory=dict)
    certificate: bytes = b""


_MAKERS: dict[str, Callable[[Channel], Mechanism]] = {
    Plain.name: lambda _: Plain(),
    Login.name: lambda _: Login(),
    ScramSha256.name: lambda channel: ScramSha256(channel.bindings),
    ScramSha256Plus.name: lambda channel: ScramSha256Plus(channel.bindings),
    ScramSha1.name: lambda channel: ScramSha1(channel.bindings),
    ScramSha1Plus.name: lambda channel: ScramSha1Plus(channel.bindings),
    OauthBearer.name: lambda _: OauthBearer(),
    Xoauth2.name: lambda _: Xoauth2(),
    External.name: lambda channel: External(channel.certificate),
}
MECHANISMS = frozenset(name for name in _MAKERS if not name.endswith(PLUS))  # that a server may be told to offer


def offered(allowed: Sequence[str], channel: Channel) -> tuple[str, ...]:
    """The names to advertise, of those ``allowed`` and in their order; each -PLUS stands before its plain form."""
    names: list[str] = []
    for name in allowed:
        if name + PLUS in _MAKERS and channel.bindings:
            names.append(name + PLUS)
        if name != External.name or channel.certificate:
            names.append(name)
    return tuple(names)


def mechanism(name: str, allowed: Sequence[str] = USUAL, channel: Channel = Channel()) -> Mechanism | None:
    """A fresh mechanism by its name in any case, or None when it is not offered."""
    name = name.upper()
    return _MAKERS[name](channel) if name in offered(allowed, channel) else None
