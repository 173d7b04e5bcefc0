"""One client from greeting to goodbye. It knows rows, not verbs.

Errors of all rooms pass by here, and here alone they become replies: what the client got wrong is counted against it,
trouble of ours is a 451 or 421, a bug is logged and ends this one connection.
"""

from __future__ import annotations

from math import inf
from time import perf_counter

import trio

from services.smtp.context import Context, Shared
from services.smtp.dialogue import Dialogue
from services.smtp.record import refused
from services.smtp.registry import ROWS, Row, keywords
from services.smtp.replies import (
    BAD_SEQUENCE,
    INTERNAL,
    SHUTTING_DOWN,
    TIMEOUT,
    TOO_MANY_ERRORS,
    TOO_MANY_RECIPIENTS,
    TROUBLE,
    UNKNOWN_COMMAND,
    closes,
    greeting,
)
from services.smtp.roles import Role
from shared.base.errors import Temporary
from shared.contracts.errors import Refused
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.observe.metrics import panics_total, smtp_command_seconds
from shared.protocols.smtp.errors import CommandError, Violation
from shared.protocols.smtp.events import Command
from shared.protocols.smtp.replies import Reply

_GROUP = 100  # commands taken together at most
_TURN = 32  # commands answered without waiting before other sessions get a turn


class Session:
    """The SMTP side of one connection. `run` returns why it ended; the caller closes the connection."""

    __slots__ = ("_commands", "_context", "_cut", "_idle", "_rows", "_scope", "_shared", "_talk")

    def __init__(self, connection: Connection, role: Role, shared: Shared) -> None:
        self._shared = shared
        self._talk = Dialogue(connection, shared.settings)
        self._context = Context(shared, self._talk, role, keywords)
        self._rows = ROWS[role]
        self._scope = trio.CancelScope()
        self._idle = False  # waiting for a command with no transaction in hand
        self._cut: tuple[Reply, str] | None = None  # what is said if another task ends the session, and why
        self._commands = 0
        if role is Role.SUBMISSION:
            self._talk.until = trio.current_time() + shared.settings.login_timeout

    def drain(self) -> None:
        """End the session now if nothing is in hand; else it ends after its transaction. For other tasks."""
        if self._idle:
            self._cut = (SHUTTING_DOWN, "drain")
            self._scope.cancel()

    def cut(self) -> None:
        """End the session now, unless it waits for us and not for its client. For other tasks."""
        if self._talk.deadline < inf:
            self._cut = (SHUTTING_DOWN, "drain")
            self._scope.cancel()

    def tick(self, now: float) -> None:
        """End the session if what it waits for is overdue at ``now`` (trio time). For other tasks."""
        if self._talk.deadline < now:
            self._cut = (TIMEOUT, "timeout")
            self._scope.cancel()

    def account_changed(self, account: int) -> None:
        """Let the login be renewed, or end, before the next transaction, if it is this account's."""
        state = self._context.state
        if state.login is not None and state.login.account == account:
            state.login = state.login._replace(expires=0)
            state.own.clear()

    async def run(self) -> str:
        """Serve the client."""
        reason = "quit"
        try:
            with self._scope:
                reason = await self._guarded()
            if self._cut is not None and self._scope.cancelled_caught:
                reason = await self._farewell(*self._cut)
        except (PeerGone, PeerTimeout) as error:
            reason = f"connection: {error}"
        finally:
            if self._context.state.transaction is not None:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                    await self._context.end_transaction()
        return reason

    async def _guarded(self) -> str:
        try:
            return await self._serve()
        except PeerTimeout:
            return await self._farewell(TIMEOUT, "timeout")
        except PeerGone as error:
            return f"connection: {error}"
        except Violation as error:
            return await self._report(error)
        except Exception:
            panics_total("smtp").inc()
            self._shared.log.exception("smtp.bug", session=self._talk.connection.id)
            return await self._farewell(INTERNAL, "bug")

    async def _report(self, error: Violation) -> str:
        connection = self._talk.connection
        self._shared.log.info(
            "smtp.violation", session=connection.id, remote_ip=connection.peer_host, reason=str(error)
        )
        await self._context.end_transaction(error.reply)
        return await self._farewell(error.reply, f"violation: {error}")

    async def _farewell(self, said: Reply, reason: str) -> str:
        self._talk.say(said)
        await self._talk.flush()
        return reason

    async def _serve(self) -> str:
        refusal = await self._greet()
        if refusal is not None:
            return await self._farewell(refusal, f"refused with {refusal.code} {refusal.enhanced}")
        while True:
            if self._shared.draining.is_set() and self._context.state.transaction is None:
                return await self._farewell(SHUTTING_DOWN, "drain")
            said = await self._next()
            if said is not None and closes(said):
                await self._talk.flush()
                return "quit" if said.code == 221 else f"closed with {said.code} {said.enhanced}"
            self._commands += 1
            if self._commands % _TURN == 0:
                await trio.lowlevel.checkpoint()

    async def _greet(self) -> Reply | None:
        """Greet, unless a stranger could not wait for it: that is how spam is sent, and how smuggling begins.

        What is returned is said instead, to one who comes too often.
        """
        context, connection = self._context, self._talk.connection
        if self._shared.draining.is_set():
            return SHUTTING_DOWN
        if context.stranger:
            refusal = self._shared.door.refusal(connection.peer_host)
            if refusal is not None:
                refused(context, refusal)
                return refusal
            pause = self._shared.settings.ingress.greeting_pause
            if pause:
                await trio.sleep(pause)
        if context.role is Role.MX and connection.arrived():
            raise Violation(554, "5.5.0", "You spoke before the greeting")
        self._talk.say(greeting(self._shared.settings.hostname, context.role))
        return None

    # --- one command ---

    async def _next(self) -> Reply | None:
        """Answer what comes next; the last reply, None when the command gave its own."""
        self._idle = self._context.state.transaction is None
        try:
            command = await self._talk.command()
        except CommandError as error:
            return await self._say(error.reply)
        finally:
            self._idle = False
        if self._cut is not None:  # it came too late: nothing of it may be begun
            await trio.lowlevel.checkpoint()
        row = self._rows.get(command.verb)
        if row is None:
            return await self._say(UNKNOWN_COMMAND)
        if self._context.state.phase not in row.phases:
            return await self._say(BAD_SEQUENCE)
        began = perf_counter()
        if row.grouped:
            said = await self._answer_group(row, command)
        else:
            answer = await self._answer(row, command)
            said = None if answer is None else await self._say(self._without_junk(row, answer))
        smtp_command_seconds(command.verb).observe(perf_counter() - began)
        return said

    async def _answer(self, row: Row, command: Command) -> Reply | None:
        try:
            said: Reply | None = await row.handle(self._context, row.parse(command.argument))
        except CommandError as error:
            return error.reply
        except (Temporary, Refused) as error:
            self._shared.log.error("smtp.trouble", session=self._talk.connection.id, reason=str(error))
            return TROUBLE
        return said

    async def _answer_group(self, row: Row, command: Command) -> Reply | None:
        """Several commands of one kind, those that can be read given to the handler at once."""
        commands = [command]
        while len(commands) < _GROUP and self._talk.core.follows(command.verb):
            commands.append(await self._talk.command())
        outcomes = [_read(row, each.argument) for each in commands]
        readable = [each for each in outcomes if not isinstance(each, Reply)]
        answers = iter(await row.handle(self._context, readable) if readable else ())
        said = None
        for outcome in outcomes:
            said = await self._say(outcome if isinstance(outcome, Reply) else next(answers))
            if closes(said):
                break
        return said

    def _without_junk(self, row: Row, said: Reply) -> Reply:
        if not row.junk:
            return said
        self._context.state.junk += 1
        return TOO_MANY_ERRORS if self._context.state.junk > self._shared.settings.junk_commands else said

    async def _say(self, said: Reply) -> Reply:
        """Say it; refusals are counted, and cost time and at last the connection."""
        if said.refused and not self._is_excused(said):
            state, settings = self._context.state, self._shared.settings
            state.errors += 1
            if state.errors >= settings.errors_close and not closes(said):
                said = TOO_MANY_ERRORS
            elif state.errors >= settings.errors_slow:
                await self._talk.flush()
                await trio.sleep(settings.error_delay)
        self._talk.say(said)
        return said

    def _is_excused(self, said: Reply) -> bool:
        """Who meets our limit of recipients shall send what was taken, and the rest anew (RFC 5321 4.5.3.1.10): it is
        no error to name as many again, since they are often all on their way before we can say so."""
        if said is not TOO_MANY_RECIPIENTS:
            return False
        self._context.state.overshoot += 1
        return self._context.state.overshoot <= self._shared.settings.recipients


def _read(row: Row, argument: bytes) -> object:
    try:
        return row.parse(argument)
    except CommandError as error:
        return error.reply
