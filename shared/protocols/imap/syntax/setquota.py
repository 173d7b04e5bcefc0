"""SETQUOTA (RFC 9208 section 4.1.3)."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.imap.names import mailbox
from shared.protocols.imap.tokens import Arguments


class SetQuota(NamedTuple):
    """Replace the limits of a quota root: resource names in upper case, each with its limit, in the order given."""

    root: str
    limits: tuple[tuple[str, int], ...]


def parse(arguments: Arguments) -> SetQuota:
    """``quota-root-name SP "(" [resource-name SP number64 *(SP ...)] ")"``."""
    arguments.space()
    root = mailbox(arguments)
    arguments.space()
    return SetQuota(root, arguments.items(_limit))


def _limit(arguments: Arguments) -> tuple[str, int]:
    resource = arguments.keyword()
    arguments.space()
    return resource, arguments.number64()
