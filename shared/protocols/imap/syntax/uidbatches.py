"""UIDBATCHES (RFC 10022)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.errors import ParseError
from shared.protocols.imap.tokens import Arguments


class UidBatches(NamedTuple):
    """Tell ranges of UIDs of about ``size`` messages each; of them the ``first`` to the ``last``, 0 for all, counted
    from the newest."""

    size: int
    first: int = 1
    last: int = 0


def parse(arguments: Arguments) -> UidBatches:
    """``SP nz-number [SP nz-number ":" nz-number]``."""
    arguments.space()
    size = _positive(arguments)
    if arguments.at_end():
        return UidBatches(size)
    arguments.space()
    first = _positive(arguments)
    arguments.expect(b":")
    last = _positive(arguments)
    if last < first:
        raise ParseError("Batches are counted upwards", "CLIENTBUG")
    return UidBatches(size, first, last)


def _positive(arguments: Arguments) -> int:
    number = arguments.number()
    if not number:
        raise ParseError("Number above 0 expected")
    return number
