"""What a session remembers between two commands, and where in the protocol it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from services.smtp.transaction import Transaction
from shared.contracts.directory import LoggedIn


class Phase(IntEnum):
    """Commands are allowed by phase; see the registry. HELO, RSET and the end of a message lead back to READY."""

    START = 0  # the client has not said who it is
    READY = 1  # no transaction
    MAIL = 2  # a sender, but no recipient yet
    RCPT = 3  # a recipient at least
    CHUNKS = 4  # between the first BDAT and the last


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
    overshoot: int = 0  # RCPTs beyond our limit, since a message came to its end
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
