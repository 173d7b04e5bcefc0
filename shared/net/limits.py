"""How many connections a process holds in all, and a service from one address."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from shared.base.ip import ip_address
from shared.net.holdings import Holdings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class ConnectionLimits:
    """Section ``[limits]`` of the configuration. Times are in seconds."""

    connections: int = 10_000  # of this process
    connections_per_address: int = 50  # of all processes of a service (`shared.runtime.siblings`); IPv6: per /64
    unlimited_networks: tuple[str, ...] = ()  # no cap per address for these (a webmail, a test bench)
    handshake_timeout: float = 10.0  # the whole TLS handshake
    proxy_timeout: float = 5.0  # the whole PROXY header

    def __post_init__(self) -> None:
        if self.connections < 1 or self.connections_per_address < 1:
            raise ValueError("connections and connections_per_address must be at least 1")
        if self.handshake_timeout <= 0 or self.proxy_timeout <= 0:
            raise ValueError("handshake_timeout and proxy_timeout must be above 0")
        networks(self.unlimited_networks)


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """``"10.0.0.0/8"`` and the like, parsed; ValueError for anything else."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def contains(trusted: Sequence[Network], host: str) -> bool:
    """Whether the address ``host`` lies in one of the networks. A peer without an address lies in none."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in trusted)


def is_outside(trusted: Sequence[Network], host: str) -> bool:
    """Whether ``host`` is an address, and lies in none of the networks. A peer without an address is no stranger."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return not any(address in network for network in trusted)


class Admission:
    """Counts what is open and says who may come in. Used from the trio loop only."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.open = 0
        self.held = Holdings()
        self._limits = limits
        self._unlimited = networks(limits.unlimited_networks)

    @property
    def full(self) -> bool:
        return self.open >= self._limits.connections

    def admit(self, host: str) -> int | None:
        """Count one more of ``host`` and return its key for `release`; None when it holds too many."""
        key = _key(host)
        if self.held.total(key) >= self._limits.connections_per_address and not contains(self._unlimited, host):
            return None
        self.held.take(key)
        return key

    def release(self, key: int) -> None:
        """One connection of ``key`` has ended."""
        self.held.give_back(key)


def _key(host: str) -> int:
    """Who shares one cap: an IPv4 address, or the /64 of an IPv6 address. (No /64 in use is as small a number as an
    IPv4 address.) Peers without an address share one."""
    try:
        if ":" in host:
            return int.from_bytes(ipaddress.IPv6Address(host.partition("%")[0]).packed[:8], "big")
        return int(ipaddress.IPv4Address(host))
    except ValueError:
        return 0
