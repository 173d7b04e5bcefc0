"""Does the author's domain stand behind this message (RFC 9989 sections 4.4 to 4.9)?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from shared.authentication.dmarc.record import Record
from shared.authentication.dmarc.walk import Walk, walk
from shared.protocols.dns import Inquiry, Question, Status

_EASED = {"reject": "quarantine", "quarantine": "none", "none": "none"}


class Result(Enum):
    """RFC 9989 section 4.8, as Authentication-Results says it."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Identifiers(NamedTuple):
    """What other checks proved. ``unsure``: one of them got no answer and might have passed."""

    dkim: Sequence[str]  # d= of signatures that pass
    spf: str  # the MAIL FROM domain (or HELO) if SPF passed, else ""
    unsure: bool = False


class Verdict(NamedTuple):
    """``policy`` is what the owner asks for (none, quarantine or reject), ``apply`` what to do about this message."""

    result: Result
    domain: str = ""  # of the author
    policy: str = "none"
    apply: str = "none"
    policy_domain: str = ""  # where the record stands
    why: str = ""
    record: Record | None = None  # that applies
    dkim: bool = False  # passed, and aligned
    spf: bool = False


class Alignment(NamedTuple):
    """What of the proven identifiers is the author's."""

    dkim: bool
    spf: bool


def check(author: str, proven: Identifiers) -> Inquiry[Verdict]:
    """The verdict on a message whose one From address has the domain ``author`` (A-labels)."""
    author = author.lower().rstrip(".")
    above = yield from walk(author)
    applies = above.policy
    if applies is None:
        result = Result.TEMPERROR if above.failed else Result.NONE
        return Verdict(result, author, why="no answer" if above.failed else "no record")
    name, record = applies
    if not record.policy:
        return Verdict(Result.NONE, author, policy_domain=name, why="record without a policy")
    aligned = yield from _aligned(above, record, proven)
    policy = yield from _policy(author, name, record)
    if any(aligned):
        return Verdict(Result.PASS, author, policy, "none", name, "", record, *aligned)
    if proven.unsure:
        return Verdict(Result.TEMPERROR, author, policy, "none", name, "a check got no answer", record)
    applied = _EASED[policy] if record.testing else policy
    return Verdict(Result.FAIL, author, policy, applied, name, "nothing is aligned", record)


def _policy(author: str, name: str, record: Record) -> Inquiry[str]:
    """p=, sp= or np=, as the author's domain has the record itself, exists, or does not."""
    if author == name:
        return record.policy
    inherited = record.subdomains or record.policy
    if record.missing and record.missing != inherited:
        answer = yield Question(author, "A")
        if answer.status is Status.NXDOMAIN:
            return record.missing
    return inherited


def _aligned(author: Walk, record: Record, proven: Identifiers) -> Inquiry[Alignment]:
    signed = False
    for domain in dict.fromkeys(proven.dkim):
        signed = yield from _same(author, domain, strict=record.strict_dkim)
        if signed:
            break
    spf = bool(proven.spf) and (yield from _same(author, proven.spf, strict=record.strict_spf))
    return Alignment(signed, spf)


def _same(author: Walk, domain: str, *, strict: bool) -> Inquiry[bool]:
    """Whether ``domain`` is the author's, or, unless ``strict``, of the same organization."""
    domain = domain.lower().rstrip(".")
    if domain == author.domain:
        return True
    organization = author.organization
    if strict or not f".{domain}".endswith(f".{organization}"):
        return False
    return (yield from walk(domain)).organization == organization
