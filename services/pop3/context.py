"""What a command sees of its session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from services.pop3.bodies import Bodies
from services.pop3.headers import Headers
from services.pop3.maildrop import Maildrop
from services.pop3.output import Output
from services.pop3.tenure import Tenure
from shared.contracts.directory import LoggedIn
from shared.runtime.authentication import Authentication

Prove = Callable[[Authentication], Awaitable[LoggedIn]]


class State(Enum):
    """Where a session stands (RFC 1939 section 3). UPDATE is the moment within QUIT."""

    AUTHORIZATION = "authorization"
    TRANSACTION = "transaction"
    OVER = "over"


@dataclass(slots=True)
class Tally:
    """What one session did, for its line in the log."""

    retr: int = 0
    retr_octets: int = 0
    top: int = 0
    top_octets: int = 0
    deleted: int = 0


@dataclass(slots=True)
class Transaction:
    """What there is between login and QUIT."""

    tenure: Tenure
    drop: Maildrop
    bodies: Bodies
    headers: Headers


class Client(ABC):
    """The other end, as far as commands have to do with it."""

    @property
    @abstractmethod
    def secure(self) -> bool:
        """Whether a password may be said here."""

    @property
    @abstractmethod
    def can_start_tls(self) -> bool: ...

    @abstractmethod
    def start_tls_next(self) -> None:
        """Go ahead with TLS once the command is done."""

    @abstractmethod
    async def ask(self, prompt: bytes) -> bytes:
        """Send all that waits and ``prompt``, and return the line that answers."""

    @property
    @abstractmethod
    def timestamp(self) -> str:
        """What the greeting told for APOP; "" where that is not offered."""

    @property
    @abstractmethod
    def login_delay(self) -> int:
        """Seconds that must lie between two logins; 0 for none."""

    @property
    @abstractmethod
    def mechanisms(self) -> Sequence[str]:
        """The SASL mechanisms that may be used here; none where a password may not be said."""

    @abstractmethod
    async def log_in(self, mechanism: str, prove: Prove) -> Transaction:
        """Open the maildrop of whom ``prove`` logs in. Raises `Refused`, `Unavailable` and what ``prove`` raises."""

    @abstractmethod
    def capabilities(self) -> Sequence[str]:
        """What CAPA lists here and now."""


@dataclass(slots=True)
class Context:
    client: Client
    out: Output
    state: State = State.AUTHORIZATION
    username: str = ""  # of USER, until PASS
    utf8: bool = False  # headers may be other than ASCII
    transaction: Transaction | None = None
    tally: Tally = field(default_factory=Tally)

    @property
    def opened(self) -> Transaction:
        """The transaction; commands that ask for it are registered for its state only."""
        assert self.transaction is not None
        return self.transaction

    def begin(self, transaction: Transaction) -> None:
        """The login succeeded."""
        self.transaction = transaction
        self.state = State.TRANSACTION
