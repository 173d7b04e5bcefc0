"""One client from greeting to BYE: a conversation, a state, and, after login, a grant.

Commands are answered one after the other, in the order in which they came. Errors of all rooms pass by here, and
here alone they become IMAP responses.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import trio

from services.imap import capabilities, message_limit
from services.imap.admission import LoginContext, secure
from services.imap.context import (
    AccountContext,
    Context,
    Done,
    MailboxContext,
    Shared,
    State,
    Then,
)
from services.imap.conversation import Conversation
from services.imap.errors import BUG, Bad, Bye, Failure, No, failure
from services.imap.registry import ROWS, Row
from services.imap.rights import confirm
from services.imap.roster import Roster
from services.imap.telling import tell_after
from shared.base.errors import EilpostError
from shared.contracts.directory import LoggedIn
from shared.net.shell import Connection, PeerGone, PeerTimeout
from shared.observe import tracing
from shared.observe.log import Log
from shared.observe.metrics import imap_command_seconds, panics_total
from shared.protocols.imap import responses
from shared.protocols.imap.events import BadSyntax, Command, Fatal

_TURN = 16  # commands answered without waiting before other sessions get a turn


class Session:
    """The IMAP side of one connection. `run` returns when it is over; the caller closes the connection."""

    __slots__ = ("_any", "_ending", "_login", "_shared", "_waits", "account", "commands", "log", "longest",
                 "mechanism", "roster", "talk")  # fmt: skip

    def __init__(self, connection: Connection, shared: Shared, roster: Roster, log: Log) -> None:
        self.talk = Conversation(connection, shared.settings.limits, shared.settings.progress_seconds)
        self.log = log
        self.roster = roster
        self.account: AccountContext | None = None
        self.commands = 0
        self.longest = (0.0, "")  # seconds, command
        self.mechanism = ""
        self._shared = shared
        self._any = Context(self.talk, self._capabilities)
        self._login: LoginContext | None = LoginContext(self.talk, shared, self._capabilities, self._enter)
        self._ending = ""
        self._waits = trio.CancelScope()  # cancelled only while the next command is awaited

    @property
    def state(self) -> State:
        """Where RFC 3501 section 3 sees the session."""
        if self.account is None:
            return State.NOT_AUTHENTICATED
        return State.AUTHENTICATED if self.account.selected is None else State.SELECTED

    def end(self, words: str) -> None:
        """Ask the session to say BYE as soon as the command in hand is answered. For other tasks."""
        self._ending = words
        if self.talk.waiting_since:
            self._waits.cancel()
        self.talk.bell.ring()

    def look(self, now: float) -> None:
        """End the session if its client has been silent for too long. Called now and then by another task."""
        since, patience = self.talk.waiting_since, self._shared.settings.idle_timeout
        if since and (now - since > patience if self._login is None else self._login.patience <= 0):
            self.end("Autologout, idle for too long")

    async def run(self) -> str:
        """Serve the client; the reason why the session ended, for the log."""
        reason = "logout"
        try:
            self._look_for_end()
            greeting = responses.capability_code(self._capabilities())
            self.talk.out.write(responses.untagged("OK", "Eilpost is ready", greeting))
            with self._waits:
                await self._serve()
            if self._waits.cancelled_caught:
                raise Bye(self._ending)
        except Bye as error:
            reason = str(error)
            await self._bye(reason)
        except PeerTimeout as error:
            reason = f"timeout: {error}"
            await self._bye("Autologout, idle for too long")
        except PeerGone as error:
            reason = f"connection: {error}"
        finally:
            self._leave()
        return reason

    async def _serve(self) -> None:
        turn = 0
        while True:
            notify = self.account.notify if self.account is not None else None
            event = await (
                self.talk.event() if notify is None else self.talk.event_or_bell(self._shared.settings.keepalive)
            )
            if self._ending:
                raise Bye(self._ending)
            if type(event) is Command:
                then = await self._answer(event)
                if then is Then.CLOSE:
                    await self.talk.out.flush()
                    return
                if then is not Then.GO_ON:
                    await self._follow(then)
                if self.account is not None and (seconds := self._shared.pace.spend(self.account.account)):
                    await self.talk.out.flush()
                    await trio.sleep(seconds)
                turn += 1
                if turn % _TURN == 0:
                    await trio.lowlevel.checkpoint()
            elif isinstance(event, BadSyntax):
                self._reject(event)
            elif isinstance(event, Fatal):
                raise Bye(event.text)
            self._look_for_end()
            if event is None and notify is not None:
                await notify.tell_between_commands()
            await self.talk.out.room()

    def _look_for_end(self) -> None:
        if self._ending:
            raise Bye(self._ending)
        if self._login is not None:
            self._login.must_go_on()
        selected = self.account.selected if self.account is not None else None
        if selected is not None and selected.live.deleted:
            raise Bye("The selected mailbox was deleted")

    def _reject(self, event: BadSyntax) -> None:
        self.talk.out.write(responses.tagged(event.tag, event.status, event.text, event.code))
        if self._login is not None:
            self._login.misread()

    # --- one command ---

    async def _answer(self, command: Command) -> Then:
        started = perf_counter()
        done: Done | Failure
        row = ROWS.get(command.name)
        tracer = tracing.tracer
        span = None if tracer is None else tracer.enter(f"imap.{command.name}", self.talk.connection.id)
        self.talk.begin(command.tag)
        try:
            done = await self._handle(row, command)
            if self.account is not None and row is not None:
                await tell_after(self.account, command, numbers=row.numbers)
        except (Bye, PeerGone, PeerTimeout):
            raise
        except EilpostError as error:
            done = failure(error)
            if not isinstance(error, (No, Bad)):
                self.log.info(
                    "imap.refused", session=self.talk.connection.id, command=command.name, reason=str(error)
                )
        except Exception:  # the session's one catch point: a bug ends the command, not the session
            done = BUG
            panics_total("imap").inc()
            self.log.exception("imap.bug", session=self.talk.connection.id, command=command.name)
        finally:
            if tracer is not None:
                tracer.end(span)
        self._account_for(command.name, perf_counter() - started)
        if isinstance(done, Failure):
            self.talk.core.refuse_literal()
        return self._complete(command, done)

    async def _handle(self, row: Row | None, command: Command) -> Done:
        if row is None:
            raise Bad("Unknown command")
        state = self.state
        if state not in row.states:
            raise Bad("Not now" if state is State.NOT_AUTHENTICATED else "Not in this state")
        account = self.account
        if account is not None and account.dialect.uid_only and row.by_uid and not command.value.uid:
            raise Bad("Messages are named by UID only", "UIDREQUIRED")
        if account is not None and account.selected is not None:
            account.selected.worked_down_to = 0
            await confirm(account.selected)
        done: Done = await row.handle(self._context(row), command.value)
        selected = self.account.selected if self.account is not None else None
        return done if selected is None or not selected.worked_down_to else message_limit.told(selected, done)

    def _context(self, row: Row) -> Any:
        """The narrowest context that serves the row."""
        if row.needs is Context:
            return self._any
        if row.needs is LoginContext:
            return self._login
        account = self.account
        return account.selected if account is not None and row.needs is MailboxContext else account

    def _complete(self, command: Command, done: Done | Failure) -> Then:
        if isinstance(done, Failure):
            self.talk.out.write(responses.tagged(command.tag, done.status, done.text, done.code))
            return Then.GO_ON
        words = done.text or f"{command.name} completed"
        self.talk.out.write(responses.tagged(command.tag, "OK", words, done.code))
        return done.then

    def _account_for(self, name: str, seconds: float) -> None:
        self.commands += 1
        if seconds > self.longest[0] and name != "IDLE":
            self.longest = (seconds, name)
        imap_command_seconds(name).observe(seconds)
        self.log.debug(
            "imap.command", session=self.talk.connection.id, command=name, duration_ms=round(seconds * 1000, 3)
        )

    # --- TLS, login, farewell ---

    def _capabilities(self) -> list[str]:
        connection, settings = self.talk.connection, self._shared.settings
        return capabilities.offered(
            self.state,
            settings,
            can_start_tls=connection.can_start_tls,
            may_log_in=secure(connection, settings),
            mechanisms=() if self._login is None else self._login.mechanisms,
            managesieve=self._shared.managesieve,
        )

    async def _follow(self, then: Then) -> None:
        """What an answer announced begins behind it."""
        if then is Then.START_TLS:
            await self._start_tls()
        elif then is Then.COMPRESS:
            await self.talk.compress()
        else:
            await self._start_anew()

    async def _start_anew(self) -> None:
        """The client is nobody again (RFC 8437): nothing that belonged to its account stays."""
        await self.talk.decompress()
        self._leave()
        self.account = None
        self.mechanism = ""
        self.talk.core.log_out()
        self._login = LoginContext(self.talk, self._shared, self._capabilities, self._enter)

    async def _start_tls(self) -> None:
        await self.talk.start_tls()
        self._any.identity = ""
        if self._login is not None:
            self._login.start_afresh()

    def _enter(self, logged_in: LoggedIn, mechanism: str) -> None:
        """The client is somebody now. Raises `No` when that somebody has too many sessions."""
        account = AccountContext(self.talk, self._shared, logged_in, self._look_for_end)
        self.roster.join(self, account)
        self.account = account
        self._login = None
        self.mechanism = mechanism
        self.talk.core.log_in()

    def _leave(self) -> None:
        if self.account is not None:
            self.account.close()
            self.roster.leave(self, self.account)

    async def _bye(self, words: str) -> None:
        if self.talk.out.broken:
            return
        self.talk.out.write(responses.untagged("BYE", words))
        try:
            await self.talk.out.flush()
        except (PeerGone, PeerTimeout) as error:
            self.log.debug("imap.bye_unheard", session=self.talk.connection.id, reason=str(error))

    @property
    def identity(self) -> str:
        """What the client called itself by ID."""
        return self._any.identity
