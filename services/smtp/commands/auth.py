"""AUTH: a user logs in (RFC 4954). Passwords are verified by storage alone."""

from __future__ import annotations

from hashlib import blake2b
from os import urandom

from services.smtp.context import Context
from services.smtp.replies import BAD_SEQUENCE, NEEDS_TLS, TOO_MANY_ERRORS
from shared.contracts.directory import LoggedIn
from shared.contracts.errors import Code, Refused, Unavailable
from shared.observe.metrics import auth_total
from shared.protocols.sasl.mechanism import Abort, OtherIdentity, SaslError, UnknownMechanism
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax.auth import Auth
from shared.runtime.authentication import finish

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
    return (f"AUTH {' '.join(context.authentication.mechanisms)}",)


async def handle(context: Context, command: Auth) -> Reply:
    if context.state.login is not None:
        return BAD_SEQUENCE
    if not context.secure:
        return NEEDS_TLS
    try:
        login = await _exchange(context, command)
    except UnknownMechanism:
        return UNKNOWN
    except Abort:
        return ABORTED
    except OtherIdentity:
        return FAILED
    except SaslError:
        return MALFORMED
    except Refused as error:
        return _refused(context, command.mechanism, error)
    except Unavailable:
        _log(context, command.mechanism, "unavailable")
        return LATER
    context.state.login, context.talk.until = login, float("inf")
    _log(context, command.mechanism, "ok", login.address)
    return WELCOME


async def _exchange(context: Context, command: Auth) -> LoggedIn:
    async def ask(challenge: bytes) -> bytes:
        return await context.talk.ask(reply(334, "", challenge.decode("ascii")))

    login, words = await context.authentication.by_exchange(command.mechanism, command.initial, ask)
    await finish(ask, words)
    return login


def _refused(context: Context, name: str, error: Refused) -> Reply:
    context.state.failures += 1
    _log(context, name, error.code.value)
    if context.state.failures >= context.shared.settings.login_attempts:
        return TOO_MANY_ERRORS
    return FAILED if error.code is Code.LOGIN_FAILED else LATER


def _log(context: Context, name: str, result: str, account: str | None = None) -> None:
    username = context.authentication.username
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
