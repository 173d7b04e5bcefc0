"""The header with which SCRAM and OAUTHBEARER begin (RFC 5801 section 4): channel binding flag and authorization
identity."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.sasl.mechanism import Malformed, text


class Header(NamedTuple):
    """``flag`` is "n" (the client binds no channel), "y" (it would, but thinks that we do not) or "p"."""

    flag: str
    binding: str  # the name behind "p="; else ""
    authzid: str
    octets: bytes  # the header as it came, with its last comma


def split(message: bytes) -> tuple[Header, bytes]:
    """The header, and what follows it."""
    fields = message.split(b",", 2)
    if len(fields) != 3:
        raise Malformed("no GS2 header")
    flag, authzid, rest = fields
    if flag in (b"n", b"y"):
        kind, binding = flag.decode("ascii"), ""
    elif flag.startswith(b"p="):
        kind, binding = "p", text(flag[2:], "channel binding")
    else:
        raise Malformed("unknown channel binding flag")
    if authzid and not authzid.startswith(b"a="):
        raise Malformed("authorization identity expected")
    identity = saslname(authzid[2:]) if authzid else ""
    return Header(kind, binding, identity, message[: len(message) - len(rest)]), rest


def saslname(octets: bytes) -> str:
    """A name in which "," and "=" are written as "=2C" and "=3D"."""
    name = text(octets, "name").replace("=2C", ",")
    if "=" in name.replace("=3D", ""):
        raise Malformed("a bare = in a name")
    return name.replace("=3D", "=")
