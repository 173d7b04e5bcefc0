"""What a domain's owner is told of one message that was judged under its policy (RFC 9990). Pure."""

from __future__ import annotations

from services.smtp.judgement.findings import Findings
from services.smtp.judgement.settings import Action
from shared.authentication.dkim.verify import Verdict
from shared.authentication.dmarc.check import Result
from shared.authentication.dmarc.record import Record
from shared.contracts.reports import DmarcRow, Published, Signed

_SIGNATURES = 10
_LONGEST = 255  # characters of what the sender chose
_DISPOSITIONS = {Action.ACCEPT: "none", Action.QUARANTINE: "quarantine", Action.REJECT: "reject"}


def told(findings: Findings, action: Action) -> DmarcRow | None:
    """The row of the report; None where nobody asks for one, or where the message comes again."""
    verdict = findings.dmarc
    record = verdict.record
    if record is None or not record.reports or action is Action.DEFER:
        return None
    passed = verdict.result is Result.PASS
    disposition = "pass" if passed and action is Action.ACCEPT else _DISPOSITIONS[action]
    asked = "pass" if passed else verdict.apply
    return DmarcRow(
        findings.client,
        disposition,
        verdict.dkim,
        verdict.spf,
        verdict.domain,
        findings.sender.rpartition("@")[2].lower()[:_LONGEST],
        findings.spf.domain,
        "mfrom" if findings.sender else "helo",
        findings.spf.result.value,
        tuple([_signed(each) for each in findings.dkim[:_SIGNATURES]]),
        _published(record),
        "" if disposition == asked else "local_policy",
    )


def _signed(verdict: Verdict) -> Signed:
    return Signed(verdict.domain[:_LONGEST], verdict.selector[:_LONGEST], verdict.result.value)


def _published(record: Record) -> Published:
    return Published(
        record.policy, record.subdomains, record.missing, record.strict_dkim, record.strict_spf, record.testing
    )
