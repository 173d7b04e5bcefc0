"""Copies for mailboxes of this installation: where they go and what stands in front of them.

Each copy begins with Return-Path and Delivered-To of its recipient (RFC 5321 section 4.4); the letter itself is
stored once. Loops end at the front, which counts Received fields.
"""

from __future__ import annotations

from shared.contracts.directory import Resolution
from shared.contracts.messages import Target
from shared.mail.received import delivered_to

INBOX = "INBOX"


def targets(resolution: Resolution, return_path: bytes) -> tuple[Target, ...]:
    """The INBOX of every account that the address ends in."""
    addresses = resolution.addresses
    return tuple(
        [
            Target(account, INBOX, return_path + delivered_to(addresses[index]))
            for index, account in enumerate(resolution.accounts)
        ]
    )
