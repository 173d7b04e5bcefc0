from __future__ import annotations

import pytest

from services.smtp.config import SmtpSettings
from services.smtp.policy.header import check, missing_fields, separator
from services.smtp.policy.relay import FULL_FOR_GOOD, verdict
from services.smtp.policy.verdict import Unacceptable
from services.smtp.roles import Role
from shared.contracts.directory import Kind

SETTINGS = SmtpSettings(hostname="mx.example.org", header_octets=1000, header_lines=20, header_field=200, hops=3)


@pytest.mark.parametrize(
    ("header", "enhanced"),
    [
        (b"X: y\r\n" * 21, "5.3.4"),
        (b"X: " + b"y" * 1000 + b"\r\n", "5.3.4"),
        (b"X: " + b"y" * 120 + b"\r\n\t" + b"y" * 120 + b"\r\n", "5.3.4"),
        (b"Received: x\r\n" * 4, "5.4.6"),
        (b"RECEIVED: x\r\n" * 4, "5.4.6"),
    ],
)
def test_a_header_beyond_its_limits_is_refused(header: bytes, enhanced: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        check(header, SETTINGS)
    assert caught.value.reply.enhanced == enhanced


@pytest.mark.parametrize(
    "header", [b"", b"X: y\r\n" * 20, b"Received: x\r\n" * 3 + b"X-Received: y\r\n", b"X: " + b"y" * 190]
)
def test_a_header_within_its_limits_passes(header: bytes) -> None:
    check(header, SETTINGS)


def test_only_missing_fields_are_added() -> None:
    both = b"date: x\r\nMESSAGE-ID : <y>\r\n"
    assert missing_fields(both, SETTINGS, "L1", 0) == b""
    assert missing_fields(b"Subject: Date:\r\n", SETTINGS, "L1", 0) == (
        b"Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <L1@mx.example.org>\r\n"
    )


def test_a_message_without_a_header_gets_an_empty_line_behind_ours() -> None:
    assert separator(b"Hello Bob,\r\nhow are you\r\n") == b"\r\n"
    assert separator(b"Subject: x\r\n") == b""
    assert separator(b"") == b""


def test_foreign_recipients_are_for_our_own_users_alone() -> None:
    for role in Role:
        for authenticated in (False, True):
            allowed = verdict(Kind.FOREIGN, role, authenticated=authenticated).code == 250
            assert allowed == (role is Role.SUBMISSION and authenticated)
            assert verdict(Kind.LOCAL, role, authenticated=authenticated).code == 250
            assert verdict(Kind.UNKNOWN, role, authenticated=authenticated).code == 550
            assert verdict(Kind.FULL, role, authenticated=authenticated).code == 452
            assert verdict(Kind.FULL, role, authenticated=authenticated, full=FULL_FOR_GOOD).code == 552


@pytest.mark.parametrize(
    "wrong", [{"recipients": 0}, {"data_timeout": 0.0}, {"hostname": "two words"}, {"hostname": "mx(.example"}]
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SmtpSettings(**wrong)  # type: ignore[arg-type]


def test_a_port_of_zero_is_no_listener() -> None:
    names = [spec.name for spec in SmtpSettings(lmtp_port=0, port=0).listeners]
    assert names == ["submission", "submissions"]
