"""What a command sees of its session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from shared.contracts.directory import LoggedIn
from shared.contracts.op import Op

Q = TypeVar("Q")
R = TypeVar("R")


class State(Enum):
    """Where a session stands (RFC 5804 section 1.2 and 2)."""

    NON_AUTHENTICATED = "non-authenticated"
    AUTHENTICATED = "authenticated"
    OVER = "over"


class Client(ABC):
    """The other end, as far as commands have to do with it."""

    @property
    @abstractmethod
    def secure(self) -> bool:
        """Whether a password may be said here."""

    @property
    @abstractmethod
    def can_start_tls(self) -> bool: ...

    @property
    @abstractmethod
    def mechanisms(self) -> Sequence[str]:
        """The SASL mechanisms that may be used here; none where a password may not be said."""

    @abstractmethod
    def start_tls_next(self) -> None:
        """Go ahead with TLS once the command is done."""

    @abstractmethod
    async def authenticate(self, mechanism: str, initial: bytes | None) -> tuple[LoggedIn, bytes]:
        """A SASL exchange: the login, and the mechanism's last words in base64. Raises `Refused`, `Unavailable`,
        `SaslError` and `No`."""

    @abstractmethod
    async def call(self, op: Op[Q, R], request: Q) -> R:
        """Ask storage. Raises `Refused` and `Unavailable`."""

    @abstractmethod
    def log_in(self, login: LoggedIn | None) -> None:
        """The client is somebody now, or nobody any more."""


@dataclass(slots=True)
class Context:
    client: Client
    out: bytearray  # what is sent next
    state: State = State.NON_AUTHENTICATED
    login: LoggedIn | None = None

    @property
    def grant(self) -> bytes:
        """The right to act; commands that need it are registered for their state only."""
        assert self.login is not None
        return self.login.grant

    def begin(self, login: LoggedIn | None) -> None:
        """The login succeeded, or was given up."""
        self.login = login
        self.state = State.NON_AUTHENTICATED if login is None else State.AUTHENTICATED
        self.client.log_in(login)
