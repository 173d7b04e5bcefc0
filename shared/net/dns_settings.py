"""Whom to ask for names: section ``[dns]``."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_RESOLV_CONF = Path("/etc/resolv.conf")
_PORT = 53


class Nameserver(NamedTuple):
    """A recursive resolver; ``host`` is an address."""

    host: str
    port: int
    trusted: bool  # its AD bit is believed


@dataclass(frozen=True)
class DnsSettings:
    """Times are in seconds."""

    nameservers: tuple[str, ...] = ()  # "192.0.2.53" or "[2001:db8::53]:5353"; none: those of /etc/resolv.conf
    trust_ad: bool = False  # believe that answers are validated even from nameservers that are not on this machine
    timeout: float = 2.0  # for one nameserver to answer
    patience: float = 6.0  # for one question, all nameservers together
    cache: int = 20_000  # answers kept
    questions: int = 500  # under way at the same time

    def __post_init__(self) -> None:
        if self.timeout <= 0 or self.patience <= 0:
            raise ValueError("timeout and patience must be above 0")
        if self.cache < 1 or self.questions < 1:
            raise ValueError("cache and questions must be at least 1")
        for text in self.nameservers:
            _nameserver(text, trust_ad=False)

    def servers(self) -> tuple[Nameserver, ...]:
        """The nameservers, in the order in which they are asked."""
        texts = self.nameservers or _configured() or ("127.0.0.1",)
        return tuple([_nameserver(text, trust_ad=self.trust_ad) for text in texts])


def _nameserver(text: str, *, trust_ad: bool) -> Nameserver:
    host, port = text, str(_PORT)
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest[1:] if bracket and rest.startswith(":") else str(_PORT)
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ValueError(f"{text!r} is no address of a nameserver") from error
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} names no port")
    return Nameserver(host, int(port), trust_ad or address.is_loopback)


def _configured() -> tuple[str, ...]:
    """The nameservers of this machine; what cannot be read names none."""
    try:
        lines = _RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    found: list[str] = []
    for line in lines:
        words = line.split()
        if words[:1] == ["nameserver"] and len(words) > 1:
            try:
                _nameserver(words[1], trust_ad=False)
            except ValueError:
                continue
            found.append(words[1])
    return tuple(found)
