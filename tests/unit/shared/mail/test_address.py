"""Canonical addresses, and trace fields that strangers cannot break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.address import Address, AddressError, canonical, canonical_domain, parse_address, split_detail
from shared.mail.headers import fields
from shared.mail.received import delivered_to, received, return_path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann@Example.ORG", "ann@example.org"),
        ("ann@example.org.", "ann@example.org"),
        ('"ann"@example.org', "ann@example.org"),
        ('"Ann B\\"c"@example.org', '"ann b\\"c"@example.org'),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ("JÖRG@bücher.example", "jörg@xn--bcher-kva.example"),
        ("jo\u0308rg@xn--bcher-kva.example", "jörg@xn--bcher-kva.example"),
        ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
        ("ann@[IPv6:2001:DB8::1]", "ann@[ipv6:2001:db8::1]"),
        ("ann+lists@example.org", "ann+lists@example.org"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
    ],
)
def test_equal_addresses_have_one_form(text: str, expected: str) -> None:
    assert canonical(text) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "ann", "ann@", "@x", "a b@x", "a..b@x", ".a@x", '"a@x', "ann@x y", "ann@-x", "ann@x..y", "ann@[",
        "ann@[a]b]", "ann\0@x", "ann\r\n@x", '"a\nb"@x', "a\u202eb@x", "ann@xn--\u0000", "a" * 65 + "@x",
        "a@" + "b" * 64, "ann@" + "b." * 130 + "x", "ann>@x", "<ann@x>", "ann@x>", "ann@a_b\u2028",
        "ann@[mail.example]", "ann@[localhost]", "ann@[192.0.2]", "ann@[2001:db8::1]", "ann@[ipv6:fe80::1%eth0]",
        "ann@[tag:x]", "ann@[]", "ann@[192.0.2.1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_address(text)


@given(st.text(max_size=40) | st.text('ab"\\@.+ é', max_size=20))
def test_canonical_is_stable_and_raises_nothing_else(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return
    assert parse_address(str(address)) == address
    assert address.domain == address.domain.lower()
    assert address.domain.isascii()


def test_details() -> None:
    assert split_detail("ann+lists+x") == ("ann", "lists+x")
    assert split_detail("ann") == ("ann", "")
    assert split_detail("+ann") == ("+ann", "")
    assert split_detail("ann-lists", "-") == ("ann", "lists")
    assert str(Address("a b", "x")) == '"a b"@x'
    assert canonical_domain("EXAMPLE.org") == "example.org"


def test_received_field() -> None:
    field = received(
        helo="mail.example.net",
        rdns="host.example.net",
        ip="192.0.2.7",
        host="mx.example.org",
        protocol="ESMTPSA",
        letter="01ARZ3NDEKTSV4RRFFQ69G5FAV",
        recipient="ann@example.org",
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        at=1752564600,
    )
    assert field == (
        b"Received: from mail.example.net (host.example.net [192.0.2.7])\r\n"
        b"\t(using TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
        b"\tby mx.example.org (Eilpost) with ESMTPSA id 01ARZ3NDEKTSV4RRFFQ69G5FAV\r\n"
        b"\tfor <ann@example.org>;\r\n\tTue, 15 Jul 2025 07:30:00 +0000\r\n"
    )


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_strangers_cannot_add_lines_clauses_or_comments(helo: str, rdns: str, recipient: str) -> None:
    field = received(
        helo=helo, rdns=rdns, ip="::1", host="mx", protocol="SMTP", letter="1", recipient=recipient, at=0
    )
    assert field.endswith(b"\r\n")
    assert b"\n" not in field.replace(b"\r\n", b"")
    assert len(list(fields(field))) == 1
    text = field.decode()
    assert text.count(";") == 1
    assert text.count("(") == text.count(")") == 2
    assert text.count('"') in (0, 2)
    assert len(text.splitlines()) == (4 if recipient else 3)
    assert text.split(" (", 1)[1].index("[::1])") >= 0


@given(st.text(max_size=60))
def test_return_path_and_delivered_to_are_one_line(address: str) -> None:
    for field in (return_path(address), delivered_to(address)):
        assert field.endswith(b"\r\n")
        assert b"\n" not in field[:-2]
        assert b"\r" not in field[:-2]
    assert return_path("") == b"Return-Path: <>\r\n"
    assert return_path(address).count(b">") == 1
