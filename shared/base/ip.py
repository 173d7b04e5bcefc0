"""IP addresses from text. The same ones come again and again, and reading one takes longer than most of its uses."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


@lru_cache(4_096)
def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address. Raises `ValueError`."""
    return ipaddress.ip_address(text)
