"""IP addresses from text. The same ones come again and again, and reading one takes longer than most of its uses."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_KEPT = 4_096


@lru_cache(_KEPT)
def ip_address(text: str) -> Address:
    """The address. Raises `ValueError`."""
    return ipaddress.ip_address(text)


def unmapped(address: Address) -> Address:
    """``address``, an IPv4 one as such even where IPv6 carries it (RFC 4291 section 2.5.5.2)."""
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


@lru_cache(_KEPT)
def reverse_name(text: str) -> str:
    """The name in the DNS that stands for the address (RFC 1035 section 3.5, RFC 3596). Raises `ValueError`."""
    return ip_address(text).reverse_pointer
