"""Quotas (RFC 9208): limits of what an account, or one mailbox of it, may hold.

A root is called as its account, "bob@example.org", or as its mailbox, "bob@example.org/Work". A mailbox is governed
by the root of its owner and, once somebody limits it, by its own. Roots of accounts are set by administrators, those
of mailboxes by who holds the right "a" there.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.contracts.op import Op, Repeat, services

IMAP = services("imap")


class RootsRequest(NamedTuple):
    """Of a mailbox by name. One's own need not be there yet; in others the right "r" is needed."""

    grant: bytes
    name: str


class Root(NamedTuple):
    """Limits are None where there is none."""

    name: str
    octets: int
    octets_limit: int | None
    messages: int
    messages_limit: int | None


class Roots(NamedTuple):
    roots: tuple[Root, ...]  # the account's first


class RootRequest(NamedTuple):
    grant: bytes
    root: str


class SetRoot(NamedTuple):
    """Both limits are replaced; None takes one away. Refused: NOT_FOUND, NO_RIGHT."""

    grant: bytes
    root: str
    octets: int | None
    messages: int | None


roots = Op("quota.roots", RootsRequest, Roots, IMAP, 8.0, Repeat.SAFE)
get = Op("quota.get", RootRequest, Root, IMAP, 8.0, Repeat.SAFE)
set = Op("quota.set", SetRoot, Root, IMAP, 8.0, Repeat.SAFE)
