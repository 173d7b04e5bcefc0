"""What a session remembers between two commands, and where in the protocol it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from services.smtp.transaction import Transaction
from shared.contracts.directory import LoggedIn


class Phase(Enum):
    """Commands are allowed by phase; see the registry. HELO, RSET and the end of a message lead back to READY."""

    START = "start"  # the client has not said who it is
    READY = "ready"  # no transaction
    MAIL = "mail"  # a sender, but no recipient yet
    RCPT = "rcpt"  # a recipient at least
    CHUNKS = "chunks"  # between the first BDAT and the last


@dataclass(slots=True)
class State:
    """`forget` is what a TLS handshake does to it (RFC 3207 section 4.2)."""

    helo: str = ""
    extended: bool = False  # greeted by EHLO or LHLO
    login: LoggedIn | None = None
    own: set[str] = field(default_factory=set)  # addresses that the account proved to be its own
    transaction: Transaction | None = None
    errors: int = 0
    junk: int = 0
    failures: int = 0  # of AUTH

    @property
    def phase(self) -> Phase:
        transaction = self.transaction
        if transaction is None:
            return Phase.READY if self.helo else Phase.START
        if transaction.intake is not None:
            return Phase.CHUNKS
        return Phase.RCPT if transaction.recipients else Phase.MAIL

    def forget(self) -> None:
        """All that the client said before counts for nothing."""
        self.helo, self.extended, self.login = "", False, None
        self.own.clear()
