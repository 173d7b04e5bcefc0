"""The DNS tree walk: which records stand at a domain and above it, and whose organization it is (RFC 9989 4.10).

At most `QUERIES` questions a domain, however many labels it has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from shared.authentication.dmarc.record import Psd, Record, parse
from shared.protocols.dns import Inquiry, Question

QUERIES = 8


class Walk(NamedTuple):
    """What one walk found, the domain itself first. ``failed``: some question got no answer."""

    domain: str
    found: tuple[tuple[str, Record], ...]
    failed: bool = False

    @property
    def organization(self) -> str:
        """The Organizational Domain (section 4.10.2)."""
        for name, record in self.found:
            if record.psd is Psd.NO:
                return name
            if record.psd is Psd.YES:
                return name if name == self.domain else _below(self.domain, name)
        return self.found[-1][0] if self.found else self.domain

    @property
    def policy(self) -> tuple[str, Record] | None:
        """The record that applies: the domain's own, else the organization's, else the public suffix's."""
        if not self.found:
            return None
        if self.found[0][0] == self.domain:
            return self.found[0]
        organization = self.organization
        return next((each for each in self.found if each[0] == organization), self.found[-1])


def walk(domain: str) -> Inquiry[Walk]:
    """Ask from ``domain`` upwards until a record says where the organization ends, or the top is reached."""
    found: list[tuple[str, Record]] = []
    failed = False
    for name in steps(domain):
        answer = yield Question(f"_dmarc.{name}", "TXT")
        failed = failed or answer.failed
        records = [record for record in map(parse, answer.texts) if record is not None]
        if len(records) == 1:
            found.append((name, records[0]))
            if records[0].psd is not Psd.UNSAID:
                break
    return Walk(domain, tuple(found), failed)


def steps(domain: str) -> Iterator[str]:
    """The domains that are asked for (section 4.10): itself, then at most seven labels of it, then each parent."""
    yield domain
    labels = domain.split(".")
    for start in range(max(1, len(labels) - QUERIES + 1), len(labels)):
        yield ".".join(labels[start:])


def _below(domain: str, suffix: str) -> str:
    """``domain`` cut to one label more than ``suffix`` has."""
    return ".".join(domain.split(".")[-suffix.count(".") - 2 :])
