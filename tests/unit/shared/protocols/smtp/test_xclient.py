"""What a proxy may say of whom it stands for."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.smtp.errors import CommandError
from shared.protocols.smtp.syntax.xclient import Xclient, parse


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        (b"ADDR=192.0.2.1", Xclient("192.0.2.1")),
        (b"addr=IPV6:2001:DB8::1 port=25", Xclient("2001:db8::1", 25)),
        (b"ADDR=IPV6:::ffff:192.0.2.1", Xclient("192.0.2.1")),
        (b"HELO=mail.example PROTO=esmtp NAME=x.example", Xclient(None, None, "mail.example", True)),
        (b"HELO=[UNAVAILABLE] ADDR=[TEMPUNAVAIL]", Xclient(None, None, "")),
        (b"PROTO=SMTP", Xclient(extended=False)),
    ],
)
def test_attributes(argument: bytes, said: Xclient) -> None:
    assert parse(argument) == said


@pytest.mark.parametrize(
    "argument",
    [b"", b"ADDR", b"ADDR=x", b"ADDR=::1", b"ADDR=IPV6:1.2.3.4", b"PORT=99999", b"PORT=-1", b"PROTO=LMTP", b"LOGIN=a",
     b"HELO=a+0D+0Ab", b"HELO=)(", b"ADDR=1.2.3.4 ADDR=1.2.3.4"],
)  # fmt: skip
def test_case_7_what_cannot_be(argument: bytes) -> None:
    with pytest.raises(CommandError):
        parse(argument)


@given(st.binary(max_size=60))
def test_anything_is_read_or_refused(argument: bytes) -> None:
    with suppress(CommandError):
        parse(b"ADDR=" + argument)
