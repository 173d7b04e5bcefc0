"""Quotas (RFC 9208): whether something may grow, and what a quota root is called.

A limit counts octets (the resource STORAGE) or messages (MESSAGE); 0 is none, and -1 lets nothing in. A root is
called as the account whose mailboxes it governs, or as the one mailbox: "bob@example.org/Work".
"""

from __future__ import annotations


def fits(limit: int, used: int, wanted: int) -> bool:
    """Whether ``wanted`` may be added; what is over its limit already may still shrink."""
    return limit == 0 or wanted <= 0 or used + wanted <= limit


def is_full(limit: int, used: int) -> bool:
    """Whether nothing at all may be added."""
    return limit != 0 and used >= limit


def root_name(address: str, mailbox: str = "") -> str:
    """The root of an account, or of one of its mailboxes."""
    return f"{address}/{mailbox}" if mailbox else address


def root_of(name: str) -> tuple[str, str]:
    """What `root_name` was made of; the mailbox is "" for the root of an account. No local part holds an "@"."""
    local, at, rest = name.partition("@")
    domain, _, mailbox = rest.partition("/")
    return f"{local}{at}{domain}", mailbox
