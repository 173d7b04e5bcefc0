"""Letters of our own: whatever is put into them, they stay letters."""

from __future__ import annotations

from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.compose import crlf, field, folded, mailbox, parse_mailbox, text_part
from shared.mail.text import decode_body


@given(st.text(max_size=400))
def test_a_value_is_one_field_of_ascii(value: str) -> None:
    octets = field("Subject", value)
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    assert all(line.startswith((b" ", b"\t")) for line in octets[:-2].split(b"\r\n")[1:])
    assert b"\r" not in octets.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "value", ["plain", "Gr\u00fc\u00dfe aus Berlin " * 9, "\u4f60\u597d", "a\r\nBcc: x@y.example"]
)
def test_values_come_back(value: str) -> None:
    parsed = message_from_bytes(field("Subject", value) + b"\r\n")["Subject"]
    assert str(make_header(decode_header(parsed))).replace("\n", "") == " ".join(value.split())


@given(st.text(max_size=300))
def test_texts_come_back(text: str) -> None:
    fields, body = text_part(text)
    assert body.isascii()
    assert max(map(len, body.split(b"\r\n"))) < 1_000
    encoding = "quoted-printable" if b"quoted" in fields else "7bit"
    found = decode_body(body, encoding, "utf-8")
    sent = text.encode("utf-8", "replace").decode().replace("\0", "")  # which `decode_body` leaves out
    assert found.replace("\r\n", "\n").rstrip("\n") == crlf(sent.encode()).decode().replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "a@b.example"),
        ("Ann B. Carl", "Ann B. Carl <a@b.example>"),
        ('Ann "X", Bob', '"Ann \\"X\\", Bob" <a@b.example>'),
        ("x\r\ny", "x y <a@b.example>"),
    ],
)
def test_mailboxes(name: str, shown: str) -> None:
    assert mailbox("a@b.example", name) == shown


def test_mailboxes_are_read() -> None:
    assert parse_mailbox('"Ann, B." <ann@b.example>') == ("ann@b.example", "Ann, B.")
    assert parse_mailbox("nobody") is None
    assert parse_mailbox("") is None


def test_lines_are_folded() -> None:
    octets = folded("References", [f"<{number}@host.example>" for number in range(40)])
    assert all(len(line) < 80 for line in octets.split(b"\r\n"))
