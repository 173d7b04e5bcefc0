"""From findings to what is done about the message. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from services.smtp.judgement.findings import Findings
from services.smtp.judgement.scanning import Opinion
from services.smtp.judgement.settings import Action, JudgementSettings
from shared.authentication import iprev
from shared.authentication.arc.chain import Status
from shared.authentication.dmarc.check import Result as DmarcResult
from shared.authentication.spf.record import Result as SpfResult


class Decision(NamedTuple):
    """``enhanced`` lacks its class: the action says whether it is 4 or 5. ``text`` is for the client."""

    action: Action
    enhanced: str = ""
    text: str = ""


ACCEPTED = Decision(Action.ACCEPT)
_STRICTNESS = {action: place for place, action in enumerate(Action)}


def decide(findings: Findings, settings: JudgementSettings, opinions: Iterable[Opinion] = ()) -> Decision:
    """The strictest of the rules that apply, and of what scanners say of the content."""
    rules = _rules(findings, settings)
    rules += [Decision(opinion.action, "7.1", opinion.text) for opinion in opinions]
    return max(rules, key=lambda decision: _STRICTNESS[decision.action])


def _rules(findings: Findings, settings: JudgementSettings) -> list[Decision]:
    rules: list[Decision] = []
    if findings.no_author:
        rules.append(Decision(Action(settings.no_author), "7.1", f"Not acceptable: {findings.no_author}"))
    rules.append(_dmarc(findings, settings) or _spf(findings, settings))
    if findings.iprev.result in (iprev.Result.FAIL, iprev.Result.PERMERROR):
        text = "Your address has no name that leads back to it"
        rules.append(Decision(Action(settings.no_reverse_name), "7.25", text))
    return rules


def _dmarc(findings: Findings, settings: JudgementSettings) -> Decision | None:
    """What the domain in From asks for; None where it has nothing to say."""
    verdict = findings.dmarc
    if verdict.result is DmarcResult.PASS:
        return ACCEPTED
    if verdict.result is DmarcResult.TEMPERROR and verdict.policy != "none":
        return Decision(Action(settings.dmarc_unsure), "7.26", "Authentication could not be checked")
    if verdict.result is not DmarcResult.FAIL or verdict.policy == "none":
        return None
    if _is_vouched_for(findings, settings) or verdict.apply == "none":
        return ACCEPTED
    action = settings.dmarc_reject if verdict.apply == "reject" else settings.dmarc_quarantine
    return Decision(Action(action), "7.26", f"Not authenticated: DMARC policy of {verdict.policy_domain}")


def _spf(findings: Findings, settings: JudgementSettings) -> Decision:
    if findings.spf.result is not SpfResult.FAIL or findings.signers:
        return ACCEPTED
    return Decision(Action(settings.spf_fail), "7.23", f"SPF of {findings.spf.domain} does not allow your address")


def _is_vouched_for(findings: Findings, settings: JudgementSettings) -> bool:
    """Whether only forwarders that we trust have sealed the message, and their chain is whole."""
    chain = findings.arc
    return chain.status is Status.PASS and set(chain.sealers) <= set(settings.arc_trusted)
