"""Who reads what is written to a domain's postmaster, told to whoever runs it."""

from __future__ import annotations

from shared.contracts.directory import Resolution


def address(domain: str) -> str:
    """The postmaster of ``domain``."""
    return f"postmaster@{domain}"


def told(found: Resolution) -> str:
    """One line on where mail for a postmaster ends, and how to change that."""
    readers = ", ".join((*found.addresses, *found.forwards))
    who = f"{found.address} is read by {readers}" if readers else f"nobody is there yet to read {found.address}"
    return f"{who}; to name another: eilpost alias add {found.address} ADDRESS"
