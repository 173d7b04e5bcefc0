"""Quota roots as clients see them (RFC 9208): STORAGE in units of 1024 octets, MESSAGE in messages."""

from __future__ import annotations

from services.imap.errors import No
from shared.base.errors import EilpostError
from shared.contracts.errors import Code, Refused
from shared.contracts.quota import Root
from shared.protocols.imap import responses

_UNIT = 1024  # octets
_MOST = 2**62  # octets; what goes beyond is no limit to anybody


def line(root: Root, *, utf8: bool) -> bytes:
    """``* QUOTA``: what is limited."""
    told = []
    if root.octets_limit is not None:
        told.append(("STORAGE", _units(root.octets), _units(root.octets_limit)))
    if root.messages_limit is not None:
        told.append(("MESSAGE", root.messages, root.messages_limit))
    return responses.quota(root.name, told, utf8=utf8)


def _units(octets: int) -> int:
    return -(-octets // _UNIT)


def limits(given: tuple[tuple[str, int], ...]) -> tuple[int | None, int | None]:
    """The limits of octets and messages that a client sets. Raises `No` for a resource that we do not limit."""
    wanted = dict(given)
    if not wanted.keys() <= {"STORAGE", "MESSAGE"}:
        raise No("Only STORAGE and MESSAGE can be limited", "CANNOT")
    storage = wanted.get("STORAGE")
    return None if storage is None else min(storage * _UNIT, _MOST), wanted.get("MESSAGE")


def no_root(error: Refused) -> EilpostError:
    """A root that is not there, or not to be known."""
    return No("No such quota root", "NONEXISTENT") if error.code is Code.NOT_FOUND else error
