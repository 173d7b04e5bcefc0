"""AUTH: a user logs in (RFC 4954). Passwords are verified by storage alone."""

from __future__ import annotations

from hashlib import blake2b
from os import urandom

from services.smtp.context import Context
from services.smtp.replies import BAD_SEQUENCE, NEEDS_TLS, TOO_MANY_ERRORS
from shared.contracts import directory
from shared.contracts.directory import Login
from shared.contracts.errors import Code, Refused, Unavailable
from shared.observe.metrics import auth_total
from shared.protocols.sasl.exchange import Exchange, encoded
from shared.protocols.sasl.mechanism import Abort, Challenge, Credentials, Malformed
from shared.protocols.sasl.registry import MECHANISMS, mechanism
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.auth import Auth

WELCOME = reply(235, "2.7.0", "Authentication successful")
FAILED = reply(535, "5.7.8", "Authentication failed")
LATER = reply(454, "4.7.0", "Temporary authentication failure")
UNKNOWN = reply(504, "5.5.4", "Mechanism not supported")
MALFORMED = reply(501, "5.5.2", "Malformed response")
ABORTED = reply(501, "5.7.0", "Authentication aborted")

_SALT = urandom(16)  # so that the log tells equal unknown names apart without holding what may be a password


def keywords(context: Context) -> tuple[str, ...]:
    if context.state.login is not None or not context.secure:
        return ()
    return (f"AUTH {' '.join(MECHANISMS)}",)


async def handle(context: Context, command: Auth) -> Reply:
    if context.state.login is not None:
        return BAD_SEQUENCE
    if not context.secure:
        return NEEDS_TLS
    found = mechanism(command.mechanism)
    if found is None:
        return UNKNOWN
    try:
        credentials = await _exchange(context, Exchange(found), command.initial)
    except Abort:
        return ABORTED
    except Malformed:
        return MALFORMED
    return await _verify(context, found.name, credentials)


async def _exchange(context: Context, exchange: Exchange, initial: bytes | None) -> Credentials:
    step = exchange.start(initial)
    while isinstance(step, Challenge):
        step = exchange.respond(await context.talk.ask(reply(334, "", encoded(step).decode("ascii"))))
    return step


async def _verify(context: Context, name: str, credentials: Credentials) -> Reply:
    connection, state = context.talk.connection, context.state
    request = Login(
        name, credentials.username, credentials.password, credentials.authzid, connection.peer_host, connection.id
    )
    try:
        login = await context.shared.bus.call(directory.login, request, trace=connection.id)
    except Refused as error:
        state.failures += 1
        _log(context, name, error.code.value, credentials.username)
        if state.failures >= context.shared.settings.login_attempts:
            return TOO_MANY_ERRORS
        return FAILED if error.code is Code.LOGIN_FAILED else LATER
    except Unavailable:
        _log(context, name, "unavailable", credentials.username)
        return LATER
    state.login, context.talk.until = login, float("inf")
    _log(context, name, "ok", "", login.address)
    return WELCOME


def _log(context: Context, name: str, result: str, username: str, account: str | None = None) -> None:
    auth_total("smtp", name, "ok" if account else "refused").inc()
    context.shared.log.info(
        "smtp.auth",
        session=context.talk.connection.id,
        remote_ip=context.talk.connection.peer_host,
        mech=name,
        result=result,
        account=account,
        name_hash=None if account else blake2b(username.encode(), key=_SALT, digest_size=8).hexdigest(),
    )
