"""One connection: commands in, responses out, and the end.

This is the door of the service: every error of the rooms behind it is put into the words of ManageSieve here and
nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import trio

from services.managesieve.capabilities import greeting
from services.managesieve.context import Client, Context, State
from services.managesieve.errors import BUSY, FINAL, TOO_LARGE, No, failure
from services.managesieve.house import House
from services.managesieve.registry import COMMANDS, Row
from shared.contracts.directory import LoggedIn
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.observe import metrics, tracing
from shared.protocols.errors import LineTooLong
from shared.protocols.managesieve import responses
from shared.protocols.managesieve.core import Command, ManageSieveCore
from shared.protocols.managesieve.errors import Beyond, CommandError, TooLarge
from shared.protocols.sasl.mechanism import SaslError, UnknownMechanism
from shared.runtime.authentication import Authentication

R = TypeVar("R")


class Session(Client):
    """See the module. `run` is the whole of its life."""

    def __init__(self, connection: Connection, house: House) -> None:
        self._connection = connection
        self._house = house
        self._core = ManageSieveCore(house.settings.limits)
        self._authentication = Authentication(house.bus, house.logins, connection)
        self._log = house.log.bind(session=connection.id)
        self._started = trio.current_time()
        self._commands = 0
        self._mistakes = 0
        self._failures = 0
        self._mechanism = ""
        self._tls_next = False
        self._listening = False  # waiting for the client, with no command in hand
        self._reason = ""
        self._scope = trio.CancelScope()
        self.context = Context(self, bytearray())

    # --- life ---

    async def run(self) -> None:
        """Serve until LOGOUT, or until the client or this process has had enough."""
        self._house.guests[self] = 0
        try:
            with self._scope:
                await self._converse()
            if self._scope.cancelled_caught:
                await self._farewell()
        except (PeerGone, PeerTimeout) as error:
            self._reason = self._reason or str(error)
        finally:
            del self._house.guests[self]
            self._tell()

    async def _converse(self) -> None:
        if self._house.closing:
            self._end_with(self._house.closing)
        else:
            self.context.out += greeting(self.context)
        while self.context.state is not State.OVER:
            try:
                command = self._core.next_command()
            except TooLarge:
                self._say_no(*TOO_LARGE)
            except CommandError as error:
                await self._mistake(str(error))
            except (LineTooLong, Beyond):
                self._end_with("more than can be read")
            else:
                if command is None:
                    await self._receive()
                else:
                    await self._execute(command)
        await self._flush()

    async def _flush(self) -> None:
        if self.context.out:
            octets = bytes(self.context.out)
            self.context.out.clear()
            await self._connection.send(octets)

    async def _farewell(self) -> None:
        self.context.out += responses.bye(self._reason)
        await self._flush()

    async def _receive(self) -> None:
        """Send what waits, and take in what the client says next; the session is over when it says no more."""
        await self._flush()
        if self._reason:  # somebody asked us to end
            self._end_with(self._reason)
            return
        self._listening = True
        data = await self._connection.receive(self._patience())
        self._listening = False
        if data:
            self._core.feed(data)
        else:
            self.context.state = State.OVER
            self._reason = self._reason or "disconnected"

    def _patience(self) -> float:
        settings = self._house.settings
        if self.context.state is State.AUTHENTICATED:
            return settings.idle_timeout
        left = self._started + settings.login_within - trio.current_time()
        return max(0.0, min(settings.login_timeout, left))

    def end(self, reason: str) -> None:
        """See `Guest`."""
        self._reason = self._reason or reason
        if self._listening:
            self._scope.cancel()

    # --- commands ---

    async def _execute(self, command: Command) -> None:
        row = COMMANDS.get(command.name)
        if row is None:
            await self._mistake("unknown command")
        elif self.context.state not in row.states:
            await self._mistake(f"{row.name} is not for the {self.context.state.value} state")
        else:
            began = trio.current_time()
            await self._handle(row, command)
            self._commands += 1
            metrics.managesieve_command_seconds(row.name).observe(trio.current_time() - began)
            if self._tls_next:
                await self._start_tls()

    async def _handle(self, row: Row, command: Command) -> None:
        """Run a command and say what became of it."""
        try:
            await row.handle(self.context, row.parse(command.arguments))
        except UnknownMechanism as error:
            self._say_no(str(error))
        except (CommandError, SaslError) as error:
            await self._mistake(str(error))
        except (LineTooLong, Beyond):
            self._end_with("more than can be read")
        except No as error:
            self._say_no(error.text, error.code)
        except Refused as refused:
            self._refuse(row.name, refused)
        except Unavailable as unavailable:
            self._log.warning("managesieve.unavailable", command=row.name, reason=str(unavailable))
            self._say_no(*BUSY)

    def _refuse(self, command: str, refused: Refused) -> None:
        self._log.info("managesieve.refused", command=command, code=refused.code.value, reason=refused.text)
        if refused.code in FINAL:
            self._end_with("log in again")
        elif self._failures >= self._house.settings.login_attempts:
            self._end_with("too many failed logins")
        else:
            self._say_no(*failure(refused))

    def _say_no(self, text: str, code: bytes = b"") -> None:
        self.context.out += responses.no(text, code)

    async def _mistake(self, text: str) -> None:
        """Tell of a bad command; slowly, when there are many, and not for ever."""
        self._mistakes += 1
        limit = self._house.settings.mistakes
        if self._mistakes > limit // 2:
            await self._flush()
            await trio.sleep(self._house.settings.mistake_delay)
        if self._mistakes >= limit:
            self._end_with("too many mistakes")
        else:
            self._say_no(text)

    def _end_with(self, text: str) -> None:
        self.context.out += responses.bye(text)
        self._reason = text
        self.context.state = State.OVER

    # --- what commands ask of their client ---

    @property
    def secure(self) -> bool:
        connection = self._connection
        return connection.tls is not None or (connection.loopback and self._house.settings.plaintext_on_loopback)

    @property
    def can_start_tls(self) -> bool:
        return self._connection.can_start_tls

    @property
    def mechanisms(self) -> Sequence[str]:
        return self._authentication.mechanisms if self.secure else ()

    def start_tls_next(self) -> None:
        self._tls_next = True

    async def _start_tls(self) -> None:
        """Go under TLS. What came with STARTTLS in clear was put there by somebody else: the connection ends."""
        self._tls_next = False
        if len(self._core):
            self._end_with("nothing may follow STARTTLS")
            return
        self.context.out += responses.ok("begin TLS")
        await self._flush()
        self._core.clear()
        await self._connection.start_tls()
        self.context.out += greeting(self.context)

    async def authenticate(self, mechanism: str, initial: bytes | None) -> tuple[LoggedIn, bytes]:
        self._mechanism = mechanism
        try:
            found = await self._authentication.by_exchange(mechanism, initial, self._ask)
        except Refused as refused:
            metrics.auth_total("managesieve", mechanism, refused.code.value).inc()
            self._failures += refused.code in (Code.LOGIN_FAILED, Code.THROTTLED)
            raise
        metrics.auth_total("managesieve", mechanism, "ok").inc()
        return found

    async def _ask(self, challenge: bytes) -> bytes:
        self.context.out += responses.line(responses.string(challenge))
        while (answer := self._core.next_response()) is None:
            await self._receive()
            if self.context.state is State.OVER:
                raise PeerGone("gone in the middle of AUTHENTICATE")
        return answer

    async def call(self, op: Op[Any, R], request: Any) -> R:
        return await self._house.bus.call(op, request, trace=self._connection.id)

    def log_in(self, login: LoggedIn | None) -> None:
        self._house.guests[self] = login.account if login else 0
        self._log = self._house.log.bind(session=self._connection.id, account=login.address if login else "")
        self._core.log_in(out=login is None)
        self._started = trio.current_time()

    def _tell(self) -> None:
        """The one line about this session."""
        tls = self._connection.tls
        seconds = trio.current_time() - self._started
        if tracing.tracer is not None:
            tracing.tracer.first("managesieve.session", self._connection.id, seconds, {})
        self._log.info(
            "managesieve.session",
            remote_ip=self._connection.peer_host,
            mech=self._mechanism,
            tls=tls.version if tls else "",
            commands=self._commands,
            mistakes=self._mistakes,
            duration_ms=round(seconds * 1000),
            reason=self._reason or "logout",
        )
