"""Who wrote it: one author or none. Forms that programs read differently name nobody."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.author import NoAuthor, author_domain
from shared.authentication.dkim.header import HeaderFields


def author(header: bytes) -> str:
    return author_domain(HeaderFields(header.replace(b"\n", b"\r\n")))


@pytest.mark.parametrize(
    ("header", "domain"),
    [
        (b"From: joe@example.org\n", "example.org"),
        (b"From: Joe <joe@Example.ORG>\n", "example.org"),
        (b'From: "admin@bank.example" <joe@example.org>\n', "example.org"),
        (b"From: admin@bank.example via list <joe@example.org>\n", "example.org"),
        (b"From: joe@example.org (admin@bank.example)\n", "example.org"),
        (b"From: (a (nested) <x@bank.example>) <joe@example.org> (c)\n", "example.org"),
        (b"From: Joe\n <joe@example.org>\n", "example.org"),
        (b"From : joe@example.org\n", "example.org"),
        (b"From: <@relay.example,@other.example:joe@example.org>\n".replace(b",@other.example", b""), "example.org"),
        ("From: Jörg <jörg@bücher.example>\n".encode(), "xn--bcher-kva.example"),
        (b"From: joe@[192.0.2.1]\n", ""),
        (b'From: "joe smith"@example.org\n', "example.org"),
    ],
)
def test_one_author(header: bytes, domain: str) -> None:
    assert author(header) == domain


@pytest.mark.parametrize(
    "header",
    [
        b"To: joe@example.org\n",
        b"From: joe@example.org\nFrom: admin@bank.example\n",
        b"From: joe@example.org\nfrom : admin@bank.example\n",
        b"From: joe@example.org, admin@bank.example\n",
        b"From: <joe@example.org>, <admin@bank.example>\n",
        b"From: <admin@bank.example> <joe@example.org>\n",
        b"From: <admin@bank.example>joe@example.org\n",
        b"From: =?utf-8?q?=3Cadmin=40bank.example=3E=2C?= <x@bank.example>, <joe@example.org>\n",
        b"From: friends: joe@example.org, admin@bank.example;\n",
        b"From: undisclosed:;\n",
        b"From:\n",
        b"From: joe\n",
        b"From: <>\n",
        b"From: joe@\n",
        b"From: joe@exam ple.org\n",
        b"From: joe@bank.example\x01.example.org\n",
        b"From: admin@bank.example@example.org\n",
        b"From: <admin@bank.example@example.org>\n",
        b" From: admin@bank.example\nTo: x@example.org\n",
        b"From: joe@" + b"a" * 300 + b".org\n",
    ],
)
def test_case_34_no_author(header: bytes) -> None:
    with pytest.raises(NoAuthor):
        author(header)


@given(st.binary(max_size=200))
def test_any_field_names_one_or_none(value: bytes) -> None:
    with suppress(NoAuthor):
        author(b"From: " + value)


def test_case_53_hostile_fields_take_no_time() -> None:
    for value in (b"(" * 60_000, b'"' * 60_001, b"<@" * 30_000, b"a@" * 30_000, b"((a)" * 15_000):
        with pytest.raises(NoAuthor):
            author(b"From: " + value + b"\n")
