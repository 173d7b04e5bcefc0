"""MTA-STS records and policies, good and bad."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.mta_sts import BadPolicy, Policy, parse, policy_id

GOOD = b"version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmax_age: 604800\n"


def test_policy_as_in_the_rfc() -> None:
    assert parse(GOOD) == Policy("enforce", 604_800, ("mail.example.com", "*.example.net"))


def test_hosts() -> None:
    policy = parse(GOOD)
    names = ("Mail.Example.com", "a.example.net", "a.b.example.net", "example.net")
    assert [policy.names(name) for name in names] == [True, True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        GOOD.replace(b"STSv1", b"STSv2"),
        GOOD.replace(b"enforce", b"perhaps"),
        GOOD.replace(b"604800", b"-1"),
        b"version: STSv1\nmode: enforce\nmax_age: 1\n",
        GOOD + b"x" * 70_000,
    ],
)
def test_bad_policies(text: bytes) -> None:
    with pytest.raises(BadPolicy):
        parse(text)


@given(st.binary() | st.binary().map(lambda octets: GOOD + octets))
def test_nothing_but_its_own_error(octets: bytes) -> None:
    with suppress(BadPolicy):
        parse(octets)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"other", b"v=STSv1;id=1"], "1"),
        ([b"v=STSv1; x=y; id=1"], "1"),
        ([b"v=STSv1; id=1;", b"v=STSv1; id=2;"], ""),
        ([b"v=STSv1;"], ""),
        ([b"v=STSv10; id=1"], ""),
        ([], ""),
    ],
)
def test_records(texts: list[bytes], found: str) -> None:
    assert policy_id(texts) == found
