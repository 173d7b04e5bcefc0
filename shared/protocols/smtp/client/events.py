"""What the client core yields."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from shared.protocols.smtp.client.extensions import Extensions
from shared.protocols.smtp.client.replies import ServerReply


class Greeted(NamedTuple):
    """The server knows us, by EHLO or HELO; STARTTLS, AUTH or a transaction may follow."""

    extensions: Extensions


class Unwelcome(NamedTuple):
    """The server does not want to talk with us now, or no longer: close."""

    reply: ServerReply


class TlsAgreed(NamedTuple):
    """Shake hands now, then call `tls_started`."""


class TlsRefused(NamedTuple):
    reply: ServerReply


class Authenticated(NamedTuple):
    pass


class AuthRefused(NamedTuple):
    reply: ServerReply


class BodyDue(NamedTuple):
    """354, or BDAT may begin: send the message with `body` and `end_body`."""


class Finished(NamedTuple):
    """A transaction is over; one reply for each recipient, in order: the one that decided on it."""

    replies: tuple[ServerReply, ...]


class Parted(NamedTuple):
    """The server has answered QUIT."""


Event: TypeAlias = (
    Greeted | Unwelcome | TlsAgreed | TlsRefused | Authenticated | AuthRefused | BodyDue | Finished | Parted
)
