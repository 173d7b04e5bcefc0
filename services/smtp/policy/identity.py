"""Our users send under their own addresses only: in MAIL FROM, and in the From field of the message."""

from __future__ import annotations

from services.smtp.context import Context
from services.smtp.policy.verdict import Unacceptable
from services.smtp.replies import LOGIN_EXPIRED
from shared.contracts import directory
from shared.contracts.directory import LoggedIn, MaySend, Renew
from shared.contracts.errors import Code, Refused
from shared.mail.address_list import parse_addresses
from shared.mail.headers import fields

_RENEW_BEFORE = 60.0  # seconds before its end that a grant is renewed
_MOST = 100  # From addresses that are looked at


class LoginExpired(Unacceptable):
    """The account changed or is gone: the session must end."""

    def __init__(self) -> None:
        super().__init__(421, "4.7.0", "Login expired")
        self.reply = LOGIN_EXPIRED


async def fresh_login(context: Context, login: LoggedIn, trace: str) -> LoggedIn:
    """The login with a grant that holds for this transaction. Raises `LoginExpired`, `Unavailable`."""
    if login.expires - context.shared.clock() > _RENEW_BEFORE:
        return login
    try:
        renewed = await context.shared.bus.call(directory.renew, Renew(login.grant), trace=trace)
    except Refused as error:
        raise LoginExpired from error
    context.state.login = renewed
    return renewed


async def owns(context: Context, addresses: tuple[str, ...], trace: str) -> bool:
    """Whether the account may send as each of ``addresses``. Raises `LoginExpired`, `Refused`, `Unavailable`."""
    login, own = context.state.login, context.state.own
    asked = tuple(address for address in addresses if address not in own)
    if login is None:
        return False
    if not asked:
        return True
    try:
        answer = await context.shared.bus.call(directory.may_send, MaySend(login.grant, asked), trace=trace)
    except Refused as error:
        if error.code is Code.GRANT_EXPIRED:
            raise LoginExpired from error
        raise
    own.update(address for address, allowed in zip(asked, answer.allowed, strict=True) if allowed)
    return all(answer.allowed)


async def check_from(context: Context, header: bytes, trace: str) -> str:
    """The first author's address. Raises `Unacceptable` unless the one From field names only the account's own."""
    found = [field for field in fields(header) if field.name == b"from"]
    if len(found) != 1:
        raise Unacceptable(550, "5.7.1", "The message needs exactly one From field")
    addresses: list[str] = []
    for mailbox in parse_addresses(found[0].value):
        if mailbox.local is None or not mailbox.domain:
            continue
        addresses.append((mailbox.local + b"@" + mailbox.domain).decode("utf-8", "replace"))
        if len(addresses) > _MOST:
            break
    if not 0 < len(addresses) <= _MOST or not await owns(context, tuple(addresses), trace):
        raise Unacceptable(550, "5.7.1", "The From address is not one of yours")
    return addresses[0]
