"""DMARC (RFC 9989): the tree walk, alignment, and which policy is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.dmarc.check import Identifiers, Result, Verdict, check
from shared.authentication.dmarc.record import parse
from shared.authentication.dmarc.walk import QUERIES, steps, walk
from shared.protocols.dns import SERVFAIL, Question
from tests.support.authentication import Records, solve

NOTHING = Identifiers((), "")


def zone(**records: str) -> dict[tuple[str, str], list[str]]:
    """DMARC records by domain; "_" for the dots."""
    return {(f"_dmarc.{name.replace('_', '.')}", "TXT"): [text] for name, text in records.items()}


def judge(author: str, records: Records, proven: Identifiers = NOTHING) -> Verdict:
    return solve(check(author, proven), records)


def test_steps_of_the_walk() -> None:
    assert list(steps("a.b.c.d.e.f.g.h.i.mail.example.com")) == [
        "a.b.c.d.e.f.g.h.i.mail.example.com",
        "f.g.h.i.mail.example.com",
        "g.h.i.mail.example.com",
        "h.i.mail.example.com",
        "i.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]


@given(st.integers(min_value=1, max_value=120))
def test_case_38_no_more_than_eight_queries(labels: int) -> None:
    asked: list[Question] = []
    domain = ".".join(["x"] * labels)
    solve(walk(domain), {}, asked)
    assert len(asked) == min(labels, QUERIES)
    assert asked[0].name == f"_dmarc.{domain}"


@pytest.mark.parametrize(
    ("domain", "records", "organization"),
    [
        ("a.mail.example.com", zone(example_com="v=DMARC1; p=none"), "example.com"),
        (
            "a.mail.example.com",
            zone(mail_example_com="v=DMARC1; p=none", example_com="v=DMARC1; p=none"),
            "example.com",
        ),
        (
            "a.mail.example.com",
            zone(mail_example_com="v=DMARC1; p=none; psd=n", example_com="v=DMARC1; p=none"),
            "mail.example.com",
        ),
        ("a.mail.example.com", zone(com="v=DMARC1; p=reject; psd=y"), "example.com"),
        ("giant.bank.example", zone(bank_example="v=DMARC1; p=reject; psd=y"), "giant.bank.example"),
        ("bank.example", zone(bank_example="v=DMARC1; p=reject; psd=y"), "bank.example"),
        ("a.mail.example.com", {}, "a.mail.example.com"),
    ],
)
def test_the_organizational_domain(domain: str, records: Records, organization: str) -> None:
    assert solve(walk(domain), records).organization == organization


def test_alignment_is_relaxed_unless_it_is_said_to_be_strict() -> None:
    relaxed = zone(example_com="v=DMARC1; p=reject")
    strict = zone(example_com="v=DMARC1; p=reject; adkim=s; aspf=S")
    for proven in (Identifiers(("mail.example.com",), ""), Identifiers((), "bounces.example.com")):
        assert judge("example.com", relaxed, proven).result is Result.PASS
        assert judge("example.com", strict, proven).result is Result.FAIL
    for proven in (Identifiers(("example.com",), ""), Identifiers((), "Example.COM.")):
        assert judge("example.com", strict, proven).result is Result.PASS


def test_strangers_are_not_aligned() -> None:
    records = zone(example_com="v=DMARC1; p=reject", com="v=DMARC1; p=none; psd=y")
    for domain in ("example.net", "badexample.com", "com", "other.com"):
        assert judge("example.com", records, Identifiers((domain,), domain)).result is Result.FAIL


def test_a_subdomain_that_is_its_own_organization_is_a_stranger() -> None:
    records = zone(example_com="v=DMARC1; p=reject", tenant_example_com="v=DMARC1; p=none; psd=n")
    assert judge("example.com", records, Identifiers(("tenant.example.com",), "")).result is Result.FAIL
    assert judge("tenant.example.com", records, Identifiers(("example.com",), "")).result is Result.FAIL


@pytest.mark.parametrize(
    ("author", "wanted"),
    [("example.com", "reject"), ("there.example.com", "quarantine"), ("nowhere.example.com", "none")],
)
def test_which_policy_applies(author: str, wanted: str) -> None:
    records = {
        **zone(example_com="v=DMARC1; p=reject; sp=quarantine; np=none"),
        ("there.example.com", "A"): ["192.0.2.1"],
    }
    assert judge(author, records).apply == wanted


def test_testing_asks_for_one_step_less() -> None:
    assert judge("example.com", zone(example_com="v=DMARC1; p=reject; t=y")).apply == "quarantine"
    assert judge("example.com", zone(example_com="v=DMARC1; p=quarantine; t=y")).apply == "none"
    assert judge("example.com", zone(example_com="v=DMARC1; p=reject; t=y")).policy == "reject"


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("v=DMARC1; p=reject", "reject"),
        ("v=DMARC1;p=REJECT;pct=0", "reject"),
        ("v=DMARC1; rua=mailto:a@example.org", "none"),
        ("v=DMARC1; p=nonsense; rua=mailto:a@example.org", "none"),
        ("v=DMARC1; p=reject; sp=nonsense; rua=mailto:a@example.org", "none"),
        ("v=DMARC1; p=reject; np=nonsense", ""),
        ("v=DMARC1", ""),
        ("v=DMARC1; p=reject; unknown=x; ;", "reject"),
    ],
)
def test_policies_that_are_read(text: str, policy: str) -> None:
    record = parse(text.encode())
    assert record is not None
    assert record.policy == policy


@pytest.mark.parametrize("text", ["", "v=DMARC2; p=none", "p=none; v=DMARC1", "v=dmarc1; p=none", "v=spf1 -all"])
def test_what_is_no_record(text: str) -> None:
    assert parse(text.encode()) is None


def test_a_record_without_a_policy_judges_nothing() -> None:
    assert judge("example.com", zone(example_com="v=DMARC1")).result is Result.NONE


def test_two_records_are_none() -> None:
    records = {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject", "v=DMARC1; p=none"]}
    assert judge("example.com", records).result is Result.NONE


def test_trouble_is_not_a_failure() -> None:
    assert judge("example.com", {("_dmarc.example.com", "TXT"): SERVFAIL}).result is Result.TEMPERROR
    records = zone(example_com="v=DMARC1; p=reject")
    verdict = judge("example.com", records, Identifiers((), "", unsure=True))
    assert (verdict.result, verdict.apply) == (Result.TEMPERROR, "none")


@given(st.binary(max_size=200))
def test_any_record_is_read(text: bytes) -> None:
    parse(b"v=DMARC1;" + text)
