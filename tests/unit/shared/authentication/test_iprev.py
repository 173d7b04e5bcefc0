"""A client's name counts only if it leads back."""

from __future__ import annotations

import pytest

from shared.authentication.iprev import Result, Verdict, check
from shared.protocols.dns import SERVFAIL
from tests.support.authentication import Records, solve

REVERSE = "9.2.0.192.in-addr.arpa"


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        (
            {(REVERSE, "PTR"): ["mail.example"], ("mail.example", "A"): ["192.0.2.9"]},
            Verdict(Result.PASS, "mail.example"),
        ),
        (
            {(REVERSE, "PTR"): ["a.example", "b.example"], ("b.example", "A"): ["192.0.2.9"]},
            Verdict(Result.PASS, "b.example"),
        ),
        ({(REVERSE, "PTR"): ["mail.example"], ("mail.example", "A"): ["192.0.2.8"]}, Verdict(Result.FAIL)),
        ({(REVERSE, "PTR"): ["mail.example"]}, Verdict(Result.FAIL)),
        ({(REVERSE, "PTR"): ["mail.example"], ("mail.example", "A"): SERVFAIL}, Verdict(Result.TEMPERROR)),
        ({(REVERSE, "PTR"): SERVFAIL}, Verdict(Result.TEMPERROR)),
        ({}, Verdict(Result.PERMERROR)),
    ],
)
def test_verdicts(records: Records, verdict: Verdict) -> None:
    assert solve(check("192.0.2.9"), records) == verdict
    assert solve(check("::ffff:192.0.2.9"), records) == verdict


def test_ipv6() -> None:
    reverse = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"
    records = {(reverse, "PTR"): ["mail.example"], ("mail.example", "AAAA"): ["2001:db8:0:0::1"]}
    assert solve(check("2001:db8::1"), records).result is Result.PASS
