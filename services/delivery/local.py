"""Copies for mailboxes of this installation: where they go and what stands in front of them.

Each copy begins with Return-Path and Delivered-To of its recipient (RFC 5321 section 4.4); the letter itself is
stored once. Where a user has a Sieve script, this is what it begins from (`services.delivery.sieve`).
"""

from __future__ import annotations

from shared.contracts.directory import Resolution
from shared.contracts.messages import Target, Where
from shared.mail.received import delivered_to

INBOX, JUNK = "INBOX", "Junk"
_JUNK = Where(special_use="\\Junk")


def targets(resolution: Resolution, return_path: bytes, *, junk: bool = False) -> tuple[Target, ...]:
    """A copy for every account that the address ends in."""
    addresses = resolution.addresses
    return tuple(
        [
            keep(account, copy_prefix(return_path, addresses[index]), junk=junk)
            for index, account in enumerate(resolution.accounts)
        ]
    )


def keep(account: int, prefix: bytes, *, junk: bool) -> Target:
    """INBOX, or for ``junk`` the mailbox of that use, whatever it is called; it is made where there is none."""
    return Target(account, JUNK, prefix, create=True, where=_JUNK) if junk else Target(account, INBOX, prefix)


def copy_prefix(return_path: bytes, address: str) -> bytes:
    """What stands in front of the copy of the account called ``address``."""
    return return_path + delivered_to(address)
