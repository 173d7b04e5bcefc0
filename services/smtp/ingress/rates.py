"""How often something happened in this minute. Pure: the time is an argument."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

_KEPT = 4_096  # addresses whose networks are at hand


class Rate:
    """``limit`` in a minute for each key; 0 for no limit. What is kept ends with the minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._minute = -1
        self._counts: dict[str, int] = {}

    def take(self, key: str, now: float) -> bool:
        """Count one more of ``key`` at ``now`` (seconds); False if that is one too many."""
        if not self._limit:
            return True
        minute = int(now // 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        count = self._counts[key] = self._counts.get(key, 0) + 1
        return count <= self._limit


@lru_cache(_KEPT)
def network_of(host: str) -> str:
    """The network that an address shares its fate with: /24, or /48 of IPv6."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


@lru_cache(_KEPT)
def address_of(host: str) -> str:
    """What counts as one address: an IPv6 host has a /64 to choose from."""
    if ":" not in host:
        return host
    return str(ipaddress.ip_network((host.partition("%")[0], 64), strict=False))
