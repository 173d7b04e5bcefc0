"""What was found out about one message, and how Authentication-Results says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.authentication import iprev
from shared.authentication.arc import chain as arc
from shared.authentication.dkim import verify as dkim
from shared.authentication.dmarc import check as dmarc
from shared.authentication.results import Method
from shared.authentication.spf import check as spf
from shared.authentication.spf.record import Result as SpfResult

_LATE = "the DNS did not answer in time"
NO_NAME = iprev.Verdict(iprev.Result.TEMPERROR)
NO_SPF = spf.Check(SpfResult.TEMPERROR, "", _LATE)
NO_CHAIN = arc.Chain(arc.Status.FAIL, _LATE, temporary=True)
NO_POLICY = dmarc.Verdict(dmarc.Result.TEMPERROR, why=_LATE)


@dataclass(slots=True)
class Findings:
    """Until a check has ended, it stands as a temporary error. ``author`` is the domain in From, "" for none."""

    client: str  # IP address
    helo: str
    sender: str  # reverse-path
    author: str = ""
    no_author: str = ""  # why From names nobody
    iprev: iprev.Verdict = NO_NAME
    spf: spf.Check = NO_SPF
    dkim: list[dkim.Verdict] = field(default_factory=list)
    arc: arc.Chain = NO_CHAIN
    dmarc: dmarc.Verdict = NO_POLICY

    def methods(self) -> Iterator[Method]:
        """The results, one line each."""
        yield Method("iprev", self.iprev.result.value, [("policy.iprev", self.client)], self.iprev.name)
        sender = ("smtp.mailfrom", self.sender) if self.sender else ("smtp.helo", self.helo)
        yield Method("spf", self.spf.result.value, [sender], self.spf.why)
        yield from map(_signature, self.dkim)
        if not self.dkim:
            yield Method("dkim", "none")
        if self.arc.status is not arc.Status.NONE:
            seals = f"{len(self.arc.sealers)} seals"
            yield Method("arc", self.arc.status.value, reason=f"{seals}; {self.arc.why}" if self.arc.why else seals)
        policy = f"p={self.dmarc.policy}" if self.dmarc.policy_domain else ""
        reason = self.no_author or ", ".join(filter(None, (policy, self.dmarc.why)))
        yield Method("dmarc", self.dmarc.result.value, [("header.from", self.author)], reason)

    def words(self) -> dict[str, str]:
        """For the log: a word for each check."""
        signatures = [verdict.result.value for verdict in self.dkim] or ["none"]
        return {
            "iprev": self.iprev.result.value,
            "spf": self.spf.result.value,
            "dkim": " ".join(signatures),
            "arc": self.arc.status.value,
            "dmarc": self.dmarc.result.value,
            "author": self.author,
        }

    @property
    def signers(self) -> list[str]:
        """Domains whose signatures hold."""
        return [verdict.domain for verdict in self.dkim if verdict.result is dkim.Result.PASS and not verdict.testing]


def _signature(verdict: dkim.Verdict) -> Method:
    properties = [
        ("header.d", verdict.domain),
        ("header.s", verdict.selector),
        ("header.a", verdict.algorithm),
        ("header.b", verdict.signature),
    ]
    return Method("dkim", verdict.result.value, properties, verdict.why)
