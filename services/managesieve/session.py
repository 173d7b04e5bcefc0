"""One connection: commands in, responses out, and the end.

This is the door of the service: every error of the rooms behind it is put into the words of ManageSieve here and
nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

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
from shared.runtime.guests import Guest

Q = TypeVar("Q")
R = TypeVar("R")


class Session(Guest, Client):
    """See the module. `run` is the whole of its life."""

    def __init__(self, connection: Connection, house: House) -> None:
        super().__init__(connection, house.settings)
        self._house = house
        self._core = ManageSieveCore(house.settings.limits)
        self._authentication = Authentication(house.bus, house.logins, connection)
        self._log = house.log.bind(session=connection.id)
        self._commands = 0
        self._failures = 0
        self._mechanism = ""
        self.context = Context(self, bytearray())

    # --- life ---

    async def run(self) -> None:
        """Serve until LOGOUT, or until the client or this process has had enough."""
        self._house.guests.belongs(self)
        try:
            with self._scope:
                await self._converse()
            if self._scope.cancelled_caught:
                await self._farewell()
        except (PeerGone, PeerTimeout) as error:
            self._reason = self._reason or str(error)
        finally:
            self._house.guests.leave(self)
            self._tell()

    async def _converse(self) -> None:
        if self._house.guests.closing:
            self._end_with(self._house.guests.closing)
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
        data = await self._connection.receive(self._patience(logged_in=self.context.state is State.AUTHENTICATED))
        self._listening = False
        if data:
            self._core.feed(data)
        else:
            self.context.state = State.OVER
            self._reason = self._reason or "disconnected"

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
        pause, one_too_many = self._count_mistake()
        if pause:
            await self._flush()
            await trio.sleep(pause)
        if one_too_many:
            self._end_with("too many mistakes")
        else:
            self._say_no(text)

    def _end_with(self, text: str) -> None:
        self.context.out += responses.bye(text)
        self._reason = text
        self.context.state = State.OVER

    # --- what commands ask of their client ---

    @property
    def mechanisms(self) -> Sequence[str]:
        return self._authentication.mechanisms if self.secure else ()

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

    async def call(self, op: Op[Q, R], request: Q) -> R:
        return await self._house.bus.call(op, request, trace=self._connection.id)

    def log_in(self, login: LoggedIn | None) -> None:
        self._house.guests.belongs(self, login.account if login else 0)
        self._log = self._house.log.bind(session=self._connection.id, account=login.address if login else "")
        self._core.log_in(out=login is None)
        self._unknown_since = trio.current_time()

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
