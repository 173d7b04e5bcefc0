"""Whether an account may grow (RFC 9208 names the resource STORAGE)."""

from __future__ import annotations


def fits(quota: int, used: int, wanted: int) -> bool:
    """``quota`` is the allowance in octets, 0 for none; what is over it already may still shrink."""
    return quota == 0 or wanted <= 0 or used + wanted <= quota
