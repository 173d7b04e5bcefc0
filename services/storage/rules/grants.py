"""Grants: what a front shows to act for an account it logged in. Signed by storage, opaque to everybody else.

A grant is ``fields | tag``: layout version, account, the account's credential version, expiry, service and session,
then HMAC-SHA256 cut to 16 octets. It is bound to the service that logged in, so that a grant that leaks from one
front is of no use to another.
"""

from __future__ import annotations

import hmac
import struct
from typing import NamedTuple

from shared.base.errors import EilpostError

_HEAD = struct.Struct(">BQIQB")  # layout, account, version, expiry, octets of the service's name
_LAYOUT = 1
_TAG = 16
LONGEST = 256  # octets


class BadGrant(EilpostError):
    """Not signed by us, or not for this service."""


class ExpiredGrant(EilpostError):
    """Signed by us, too long ago."""


class Claims(NamedTuple):
    """What a grant says. ``version`` is the account's, at the login."""

    account: int
    version: int
    service: str
    session: str
    expires: int  # Unix seconds


def sign(key: bytes, claims: Claims) -> bytes:
    """The grant that says ``claims``."""
    service = claims.service.encode()
    head = _HEAD.pack(_LAYOUT, claims.account, claims.version, claims.expires, len(service))
    fields = head + service + claims.session.encode()[:64]
    return fields + _tag(key, fields)


def verify(key: bytes, grant: bytes, service: str, now: float) -> Claims:
    """What ``grant`` says, shown by ``service``. Raises `BadGrant` and `ExpiredGrant`."""
    fields, tag = grant[:-_TAG], grant[-_TAG:]
    if not _HEAD.size <= len(fields) <= LONGEST or not hmac.compare_digest(tag, _tag(key, fields)):
        raise BadGrant("not a grant of ours")
    layout, account, version, expires, length = _HEAD.unpack_from(fields)
    owner = fields[_HEAD.size : _HEAD.size + length]
    if layout != _LAYOUT or owner != service.encode():
        raise BadGrant("the grant was given to another service")
    if expires <= now:
        raise ExpiredGrant("the grant has expired")
    session = fields[_HEAD.size + length :].decode(errors="replace")
    return Claims(account, version, service, session, expires)


def _tag(key: bytes, fields: bytes) -> bytes:
    return hmac.digest(key, fields, "sha256")[:_TAG]
