"""IP addresses from text. The same ones come again and again, and reading one takes longer than most of its uses."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_KEPT = 4_096


@lru_cache(_KEPT)
def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address. Raises `ValueError`."""
    return ipaddress.ip_address(text)


@lru_cache(_KEPT)
def reverse_name(text: str) -> str:
    """The name in the DNS that stands for the address (RFC 1035 section 3.5, RFC 3596). Raises `ValueError`."""
    return ip_address(text).reverse_pointer
