"""What a SASL server mechanism is (RFC 4422): octets of the client in, challenges and at last evidence out.

A mechanism neither knows passwords nor the protocol that carries it. Between two responses it may need to know how a
user proves his password (`Question`); it ends in evidence that somebody else verifies (`Credentials`, `Proof`), or in
an error. After either it must not be used again, but for its last words to the client.
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


class OtherIdentity(SaslError):
    """The client wants to act for somebody else, which nobody may."""


class UnknownMechanism(SaslError):
    """The mechanism is not offered here."""


class Challenge(NamedTuple):
    """What the client must answer next; raw octets, not base64."""

    data: bytes


class Credentials(NamedTuple):
    """Who the client says it is. ``authzid`` is empty when it wants to act as ``username`` itself; ``password`` may
    be a token. With a token or a certificate ``username`` may be empty: the evidence names its owner."""

    authzid: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials(authzid={self.authzid!r}, username={self.username!r}, password=...)"


class Question(NamedTuple):
    """The mechanism goes on with `Mechanism.told`, once it is known how ``username`` proves his password."""

    username: str


class Parameters(NamedTuple):
    """The answer: salt and iterations of the user's keys, and the server's part of the nonce."""

    salt: bytes
    iterations: int
    nonce: str


class Proof(NamedTuple):
    """That the client knows the password, shown without telling it. ``message`` is what was said in the exchange."""

    authzid: str
    username: str
    message: bytes
    nonce: str
    proof: bytes


Step: TypeAlias = Challenge | Credentials | Question | Proof


class Mechanism(ABC):
    """The server side of one exchange."""

    name: ClassVar[str]

    @abstractmethod
    def start(self, initial: bytes | None) -> Step:
        """Begin, with the client's initial response when it sent one (``b""`` is an empty one)."""

    @abstractmethod
    def respond(self, data: bytes) -> Step:
        """Take the answer to the last challenge. Raises `Malformed`."""

    def told(self, parameters: Parameters) -> Challenge:
        """Go on after a `Question`; only mechanisms that ask are told."""
        raise TypeError(f"{self.name} asks nothing")

    def accepted(self, signature: bytes) -> bytes:
        """What the client is told with its success: that the server knows the user, too. Empty: nothing."""
        return b""

    def refused(self) -> bytes:
        """What the client is told, and must answer, before it hears of its failure. Empty: nothing."""
        return b""


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
