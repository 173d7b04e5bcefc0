"""What a server offered in its answer to EHLO (RFC 5321 section 4.1.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from shared.protocols.smtp.client.replies import ServerReply

LOGINS = ("PLAIN", "LOGIN")  # mechanisms of AUTH that a client of ours can use


@dataclass(frozen=True, slots=True)
class Extensions:
    """Upper-case keywords with their parameters; empty after HELO."""

    keywords: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, keyword: str) -> bool:
        return keyword in self.keywords

    @property
    def size(self) -> int:
        """The largest message that is taken, in octets; 0 where that is unknown (RFC 1870 section 4)."""
        value = self.keywords.get("SIZE", "")
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 18 else 0

    @property
    def mechanisms(self) -> frozenset[str]:
        """Of AUTH (RFC 4954)."""
        return frozenset(self.keywords.get("AUTH", "").upper().split())


NONE = Extensions()


def read(reply: ServerReply) -> Extensions:
    """From the lines behind the greeting; old servers write ``AUTH=`` and are understood."""
    return _read(reply.lines[1:])


@lru_cache(256)
def _read(lines: tuple[str, ...]) -> Extensions:
    found: dict[str, str] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        keyword, _, value = word.partition("=")
        found.setdefault(keyword.upper(), f"{value} {rest}".strip())
    return Extensions(found)
