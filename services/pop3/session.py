"""One connection: commands in, replies out, and the end.

This is the door of the service: every error of the rooms behind it is put into the words of POP3 here and nowhere
else. A client learns little of our troubles, the log all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from math import inf
from time import perf_counter

import trio

from services.pop3.context import Client, Context, Prove, State, Transaction
from services.pop3.errors import CommandRefused, ReplyCut
from services.pop3.house import House, Reader
from services.pop3.login import Entrance
from services.pop3.output import Output
from services.pop3.refusals import BUSY, FINAL, REFUSALS
from services.pop3.registry import COMMANDS, Row, capabilities
from services.pop3.tenure import Tenure
from shared.contracts.errors import Refused, Unavailable
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.observe import metrics, tracing
from shared.protocols.errors import LineTooLong
from shared.protocols.pop3.core import Command, Pop3Core
from shared.protocols.pop3.errors import CommandError
from shared.protocols.pop3.replies import err, ok
from shared.protocols.sasl.mechanism import SaslError

RELEASE_TIMEOUT = 2.0  # seconds for giving back the lock of a client that is gone


class Session(Reader, Client):
    """See the module. `run` is the whole of its life."""

    def __init__(self, connection: Connection, house: House) -> None:
        super().__init__(connection, house.settings)
        self._house = house
        self._timestamp = house.timestamp()
        self._core = Pop3Core()
        self._entrance = Entrance(house, connection)
        self._log = house.log.bind(session=connection.id)
        self._received = 0  # octets
        self._deadline = inf  # trio time at which a client that is listened to has been silent for too long
        self.context = Context(self, Output(connection))

    # --- life ---

    async def run(self) -> None:
        """Serve until QUIT, or until the client or this process has had enough."""
        self._house.guests.belongs(self)
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            try:
                with self._scope:
                    await self._converse()
            except (PeerGone, PeerTimeout, ReplyCut) as error:
                self._reason = self._reason or str(error)
            finally:
                self._house.guests.leave(self)
                if self.context.transaction is not None:
                    await self._release(self.context.transaction)
                self._tell()
            nursery.cancel_scope.cancel()

    async def _converse(self) -> None:
        if self._house.guests.closing:
            self._end_with(self._house.guests.closing)
        else:
            self.context.out.write(ok(f"Eilpost ready {self._timestamp}".rstrip()))
        while self.context.state is not State.OVER:
            try:
                command = self._core.next_command()
            except CommandError as error:
                await self._mistake(str(error))
            except LineTooLong:
                self._end_with("line too long")
            else:
                if command is None:
                    await self._receive()
                else:
                    await self._execute(command)
        await self.context.out.flush()

    async def _receive(self) -> None:
        """Send what waits, and take in what the client says next; the session is over when it says no more."""
        await self.context.out.flush()
        data = b""
        if not self._reason:  # else somebody asked us to end
            self._listening = True
            self._deadline = trio.current_time() + self._patience(logged_in=self.context.state is State.TRANSACTION)
            data = await self._connection.receive(inf)
            self._listening = False
        if data:
            self._received += len(data)
            self._core.feed(data)
        else:
            self.context.state = State.OVER
            self._reason = self._reason or "disconnected"

    def tick(self, now: float) -> None:
        """See `Guest`."""
        if self._listening and self._deadline < now:
            self.end("nothing received for too long")

    def verify(self) -> None:
        """See `Guest`."""
        if self.context.transaction is not None:
            self.context.transaction.tenure.verify()

    async def _release(self, transaction: Transaction) -> None:
        """Give the lock back without deleting anything (RFC 1939 section 6: no QUIT, no UPDATE)."""
        with trio.move_on_after(RELEASE_TIMEOUT, shield=True):
            try:
                await transaction.tenure.close()
            except (Refused, Unavailable) as error:
                self._log.info("pop3.lock_not_released", reason=str(error))

    # --- commands ---

    async def _execute(self, command: Command) -> None:
        row = COMMANDS.get(command.name)
        if row is None:
            await self._mistake("unknown command")
        elif self.context.state not in row.states:
            await self._mistake(f"{row.name} is not for the {self.context.state.value} state")
        else:
            began = perf_counter()
            await self._handle(row, command.argument)
            metrics.pop3_command_seconds(row.name).observe(perf_counter() - began)
            if self._tls_next:
                await self._start_tls()
            if self.context.out.is_high:
                await self.context.out.flush()

    async def _handle(self, row: Row, argument: bytes) -> None:
        """Run a command and say what became of it."""
        try:
            await row.handle(self.context, row.parse(argument))
        except (CommandError, SaslError) as error:
            await self._mistake(str(error))
        except LineTooLong:
            self._end_with("line too long")
        except CommandRefused as refused:
            self.context.out.write(err(refused.text, refused.code))
        except Refused as refused:
            self._refuse(row.name, refused)
        except Unavailable as unavailable:
            self._log.warning("pop3.unavailable", command=row.name, reason=str(unavailable))
            self.context.out.write(err(*BUSY))
            self._note_failed_quit("unavailable")

    def _refuse(self, command: str, refused: Refused) -> None:
        self._log.info("pop3.refused", command=command, code=refused.code.value, reason=refused.text)
        self.context.out.write(err(*REFUSALS.get(refused.code, BUSY)))
        if self._entrance.closed:
            self._reason = "too many failed logins"
            self.context.state = State.OVER
        elif refused.code in FINAL and self.context.state is State.TRANSACTION:
            self._reason = refused.code.value
            self.context.state = State.OVER
        self._note_failed_quit(refused.code.value)

    def _note_failed_quit(self, why: str) -> None:
        if self.context.state is State.OVER:
            self._reason = self._reason or f"quit failed: {why}"

    async def _mistake(self, text: str) -> None:
        """Tell of a bad command; slowly, when there are many, and not for ever."""
        pause, one_too_many = self._count_mistake()
        if pause:
            await self.context.out.flush()
            await trio.sleep(pause)
        self.context.out.write(err(text))
        if one_too_many:
            self._end_with("too many mistakes")

    def _end_with(self, text: str) -> None:
        self.context.out.write(err(text))
        self._reason = text
        self.context.state = State.OVER

    # --- what commands ask of their client ---

    @property
    def timestamp(self) -> str:
        return self._timestamp

    @property
    def login_delay(self) -> int:
        return self._house.settings.login_delay

    def capabilities(self) -> Sequence[str]:
        return capabilities(self)

    async def _start_tls(self) -> None:
        """Go under TLS. What came with STLS in clear was put there by somebody else: the connection ends."""
        self._tls_next = False
        if len(self._core):
            self._end_with("nothing may follow STLS")
            return
        self.context.out.write(ok("begin TLS"))
        await self.context.out.flush()
        self._core.clear()
        await self._connection.start_tls()

    async def ask(self, prompt: bytes) -> bytes:
        self.context.out.write(prompt)
        while (line := self._core.next_response()) is None:
            await self._receive()
            if self.context.state is State.OVER:
                raise PeerGone("gone in the middle of AUTH")
        return line

    @property
    def mechanisms(self) -> Sequence[str]:
        return self._entrance.authentication.mechanisms if self.secure else ()

    async def log_in(self, mechanism: str, prove: Prove) -> Transaction:
        with self._entrance.counting(mechanism):
            login = await prove(self._entrance.authentication)
        transaction = await self._entrance.enter(login, self._nursery)
        tenure = transaction.tenure
        self._log = self._log.bind(account=tenure.address)
        self._house.guests.belongs(self, tenure.account)
        self._nursery.start_soon(self._keep, tenure)
        return transaction

    async def _keep(self, tenure: Tenure) -> None:
        self.end(await tenure.keep())

    def _tell(self) -> None:
        """The one line about this session (field names after Dovecot's)."""
        tls = self._connection.tls
        seconds = trio.current_time() - self._started
        if tracing.tracer is not None:
            tracing.tracer.first("pop3.session", self._connection.id, seconds, {})
        self._log.info(
            "pop3.session",
            remote_ip=self._connection.peer_host,
            mech=self._entrance.mechanism,
            tls=tls.version if tls else "",
            **asdict(self.context.tally),
            bytes_in=self._received,
            bytes_out=self.context.out.sent,
            mistakes=self._mistakes,
            duration_ms=round(seconds * 1000),
            reason=self._reason or "quit",
        )
