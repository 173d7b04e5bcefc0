"""Before login: how long a stranger may stay, and how he becomes somebody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import trio

from services.imap.config import ImapSettings
from services.imap.context import Shared
from services.imap.conversation import Conversation
from services.imap.errors import Bye
from shared.contracts.directory import LoggedIn
from shared.contracts.errors import Code, Refused
from shared.net.shell import Connection
from shared.observe.metrics import auth_total
from shared.runtime.authentication import Ask, Authentication, finish

_ERRORS = 10  # commands that cannot be read


def secure(connection: Connection, settings: ImapSettings) -> bool:
    """Whether a password may be sent here: under TLS, or on loopback by setting."""
    return connection.tls is not None or (connection.loopback and settings.plaintext_on_loopback)


class LoginContext:
    """For the commands that are allowed before login only."""

    __slots__ = ("_authentication", "_deadline", "_enter", "_errors", "_failures", "_shared", "capabilities", "talk")

    def __init__(
        self,
        talk: Conversation,
        shared: Shared,
        capabilities: Callable[[], Sequence[str]],
        enter: Callable[[LoggedIn, str], None],
    ) -> None:
        self.talk = talk
        self.capabilities = capabilities
        self._enter = enter
        self._shared = shared
        self._authentication = Authentication(shared.bus, shared.logins, talk.connection)
        self._deadline = trio.current_time() + shared.settings.login_timeout
        self._errors = 0
        self._failures = 0

    @property
    def secure(self) -> bool:
        """Whether a password may be sent now."""
        return secure(self.talk.connection, self._shared.settings)

    @property
    def mechanisms(self) -> Sequence[str]:
        """The SASL mechanisms that may be used here; none where a password may not be sent."""
        return self._authentication.mechanisms if self.secure else ()

    @property
    def patience(self) -> float:
        """Seconds left for logging in."""
        return max(0.0, self._deadline - trio.current_time())

    async def log_in(self, username: str, password: str) -> None:
        """Log in with a password. Raises `Refused` and `Unavailable`, and `No` when there are too many sessions."""
        with self._counting("LOGIN"):
            logged_in = await self._authentication.by_password("LOGIN", username, password)
        self._admit(logged_in, "LOGIN")

    async def authenticate(self, mechanism: str, initial: bytes | None, ask: Ask) -> None:
        """Log in by a SASL exchange. Raises `SaslError` beside what `log_in` does."""
        with self._counting(mechanism):
            logged_in, words = await self._authentication.by_exchange(mechanism, initial, ask)
        await finish(ask, words)
        self._admit(logged_in, mechanism)

    @contextmanager
    def _counting(self, mechanism: str) -> Iterator[None]:
        try:
            yield
        except Refused as error:
            if error.code in (Code.LOGIN_FAILED, Code.THROTTLED):
                auth_total("imap", mechanism, "refused").inc()
                self._failures += 1
            raise

    def _admit(self, logged_in: LoggedIn, mechanism: str) -> None:
        self._enter(logged_in, mechanism)
        auth_total("imap", mechanism, "ok").inc()

    def misread(self) -> None:
        """A command could not be read."""
        self._errors += 1

    def start_afresh(self) -> None:
        """TLS has begun: what came before it is forgotten."""
        self._errors = 0

    def must_go_on(self) -> None:
        """Raise `Bye` for somebody who tried too often."""
        if self._failures >= self._shared.settings.login_attempts:
            raise Bye("Too many failed logins")
        if self._errors >= _ERRORS:
            raise Bye("Too many errors")
