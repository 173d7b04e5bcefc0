"""SPF's limits, and the standard's own examples of what may go wrong; the public suite runs in `make conformance`."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.spf.check import Check, check_host
from shared.authentication.spf.record import RecordError, Result, parse
from shared.protocols.dns import TIMEOUT, Question
from tests.support.authentication import Records, solve


def check(records: Records, ip: str = "192.0.2.9", asked: list[Question] | None = None) -> Check:
    return solve(check_host(ip, "example.org", "joe@example.org", "mail.example.org"), records, asked)


def test_case_36_an_include_loop_ends() -> None:
    asked: list[Question] = []
    found = check({("example.org", "TXT"): ["v=spf1 include:example.org -all"]}, asked=asked)
    assert found.result is Result.PERMERROR
    assert len(asked) <= 11


def test_case_36_eleven_look_ups_are_too_many() -> None:
    records: dict[tuple[str, str], list[str]] = {(f"h{n}.example", "A"): ["198.51.100.1"] for n in range(20)}
    for count, wanted in ((10, Result.FAIL), (11, Result.PERMERROR)):
        terms = " ".join(f"a:h{n}.example" for n in range(count))
        assert check({**records, ("example.org", "TXT"): [f"v=spf1 {terms} -all"]}).result is wanted


def test_case_36_three_voids_are_too_many() -> None:
    for count, wanted in ((2, Result.FAIL), (3, Result.PERMERROR)):
        terms = " ".join(f"a:void{n}.example" for n in range(count))
        assert check({("example.org", "TXT"): [f"v=spf1 {terms} -all"]}).result is wanted


def test_case_36_a_record_of_64_kb() -> None:
    terms = " ".join(f"ip4:198.51.{n % 256}.{n // 256 % 256}" for n in range(3_500))
    assert check({("example.org", "TXT"): [f"v=spf1 {terms} -all"]}).result is Result.FAIL
    garbage = "v=spf1 " + "%{" * 32_000
    assert check({("example.org", "TXT"): [garbage]}).result is Result.PERMERROR


def test_case_36_dns_that_does_not_answer() -> None:
    assert check({("example.org", "TXT"): TIMEOUT}).result is Result.TEMPERROR
    records: Records = {("example.org", "TXT"): ["v=spf1 a -all"], ("example.org", "A"): TIMEOUT}
    assert check(records).result is Result.TEMPERROR


def test_more_than_ten_mx_are_too_many() -> None:
    hosts = [f"mx{n}.example" for n in range(11)]
    records: dict[tuple[str, str], list[str]] = {
        ("example.org", "TXT"): ["v=spf1 mx -all"],
        ("example.org", "MX"): hosts,
        **{(host, "A"): ["198.51.100.1"] for host in hosts},
    }
    assert check(records).result is Result.PERMERROR


def test_mapped_addresses_are_ipv4() -> None:
    assert check({("example.org", "TXT"): ["v=spf1 ip4:192.0.2.9 -all"]}, "::ffff:192.0.2.9").result is Result.PASS


def test_the_null_sender_stands_for_postmaster() -> None:
    records = {
        ("mail.example.org", "TXT"): ["v=spf1 exists:%{l}.%{d} -all"],
        ("postmaster.mail.example.org", "A"): ["127.0.0.2"],
    }
    found = solve(check_host("192.0.2.9", "mail.example.org", "", "mail.example.org"), records)
    assert found.result is Result.PASS


@pytest.mark.parametrize("zone", ["127.0.0.1", "::1"])
def test_no_domain_no_result(zone: str) -> None:
    assert solve(check_host(zone, "localhost", "", "localhost"), {}).result is Result.NONE


@given(st.text(alphabet="v=spf1 aimxclude:%{}hlsodp/0129.-+~?_,rt", max_size=80))
def test_any_record_is_read_or_refused(text: str) -> None:
    record = f"v=spf1 {text}"
    with suppress(RecordError):
        parse(record.encode())
    assert check({("example.org", "TXT"): [record]}).result in Result
