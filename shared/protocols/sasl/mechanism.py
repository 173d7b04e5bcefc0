"""What a SASL server mechanism is (RFC 4422): octets of the client in, challenges and at last credentials out.

A mechanism neither knows passwords nor the protocol that carries it. It ends in `Credentials`, which
somebody else verifies, or in an error; after either it must not be used again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple, TypeAlias

from shared.protocols.errors import ProtocolError


class SaslError(ProtocolError):
    """The exchange failed before there was anything to verify."""


class Abort(SaslError):
    """The client cancelled the exchange with ``*``."""


class Malformed(SaslError):
    """The client's response is not what the mechanism (or base64) allows."""


class Challenge(NamedTuple):
    """What the client must answer next; raw octets, not base64."""

    data: bytes


class Credentials(NamedTuple):
    """Who the client says it is. ``authzid`` is empty when it wants to act as ``username`` itself."""

    authzid: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(authzid={self.authzid!r}, username={self.username!r}, password=...)"


Step: TypeAlias = Challenge | Credentials


class Mechanism(ABC):
    """The server side of one exchange."""

    name: ClassVar[str]

    @abstractmethod
    def start(self, initial: bytes | None) -> Step:
        """Begin, with the client's initial response when it sent one (``b""`` is an empty one)."""

    @abstractmethod
    def respond(self, data: bytes) -> Step:
        """Take the answer to the last challenge. Raises `Malformed`."""


def text(octets: bytes, what: str) -> str:
    """A non-empty UTF-8 string without NUL, as every clear-text mechanism wants its fields."""
    if not octets:
        raise Malformed(f"empty {what}")
    if b"\0" in octets:
        raise Malformed(f"NUL in {what}")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is not UTF-8") from error
