"""What a command gets to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import trio

from services.smtp.config import SmtpSettings
from services.smtp.dialogue import Dialogue
from services.smtp.ingress.door import Door
from services.smtp.judgement.judge import Judge
from services.smtp.record import record
from services.smtp.resolver import Resolver
from services.smtp.roles import Role
from services.smtp.signing import Signatures
from services.smtp.state import State
from shared.bus.client import Bus
from shared.observe.log import Log
from shared.protocols.smtp.replies import Reply
from shared.runtime.authentication import Authentication
from shared.runtime.settings import USUAL_LOGINS, LoginSettings


@dataclass(frozen=True, slots=True)
class Shared:
    """What all sessions of the process have in common."""

    settings: SmtpSettings
    bus: Bus
    resolver: Resolver
    log: Log
    draining: trio.Event
    door: Door
    judge: Judge
    signatures: Signatures
    clock: Callable[[], float]  # Unix seconds
    logins: LoginSettings = USUAL_LOGINS


class Context:
    """One session, seen by its commands. ``keywords`` tells what EHLO may offer now."""

    __slots__ = (
        "authentication", "judged", "keywords", "role", "shared", "stands_in", "state", "stranger", "talk",
    )  # fmt: skip

    def __init__(
        self, shared: Shared, talk: Dialogue, role: Role, keywords: Callable[[Context], tuple[str, ...]]
    ) -> None:
        self.shared = shared
        self.talk = talk
        self.role = role
        self.state = State()
        self.keywords = keywords
        self.authentication = Authentication(shared.bus, shared.logins, talk.connection)
        self.stands_in = shared.door.may_stand_in(talk.connection.peer_host)  # a proxy that may say for whom
        self.stranger = self.judged = False
        self.meet()

    def meet(self) -> None:
        """Find out by its address who the client is; once more when a proxy has said whom it stands for."""
        if self.role is Role.MX:
            host = self.talk.connection.peer_host
            self.stranger = self.shared.door.is_stranger(host)
            self.judged = self.shared.judge.is_judged(host)

    @property
    def secure(self) -> bool:
        """Whether a password may be sent here."""
        connection = self.talk.connection
        if connection.tls is not None:
            return True
        return connection.loopback and self.shared.settings.plaintext_on_loopback

    @property
    def protocol(self) -> str:
        """The with-protocol of Received (RFC 3848, RFC 6531 section 4.3)."""
        state = self.state
        if not state.extended:
            return "SMTP"
        utf8 = state.transaction is not None and state.transaction.mail.smtputf8
        kind = "LMTP" if self.role is Role.LMTP else "SMTP"
        word = f"UTF8{kind}" if utf8 else "LMTP" if kind == "LMTP" else "ESMTP"
        return f"{word}{'S' if self.talk.connection.tls else ''}{'A' if state.login else ''}"

    async def end_transaction(self, reply: Reply | None = None) -> None:
        """Forget the transaction in hand and write its line to the log. ``reply`` is None when it came to nothing."""
        transaction = self.state.transaction
        if transaction is None:
            return
        self.state.transaction = None
        record(self, transaction, reply)
        await transaction.close()
