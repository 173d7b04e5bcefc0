"""The letters that scripts write, and whom they go to."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.sieve.answering import Stamp, answer, machine, memory_key, refusal
from services.delivery.sieve.notifying import notification
from services.delivery.sieve.refusing import report
from shared.sieve.message import Message
from shared.sieve.outcome import Notify, Reject, Vacation
from tests.support.letters import ALMOST_LETTERS, LETTERS

STAMP = Stamp("01ARZ3", "mail.example.org", 1_752_564_600.0)
ANN, EVE = "ann@example.org", "eve@elsewhere.example"
LETTER = (
    f"From: Eve <{EVE}>\r\nTo: ann@example.org\r\nSubject: Hello\r\n"
    "Message-ID: <2@e>\r\nReferences: <0@e> <1@e>\r\n\r\nHi\r\n"
).encode()


def answered(letter: bytes = LETTER, **given: object) -> str:
    vacation = Vacation("Away.", "h", 60, **given)  # type: ignore[arg-type]
    return answer(vacation, Message(letter), EVE, ANN, STAMP).decode()


def test_an_answer_says_what_rfc_5230_asks_for() -> None:
    """Sections 5.1 to 5.8."""
    assert answered() == (
        f"From: {ANN}\r\nTo: {EVE}\r\nSubject: Auto: Hello\r\n"
        "Date: Tue, 15 Jul 2025 07:30:00 +0000\r\nMessage-ID: <01ARZ3@mail.example.org>\r\n"
        "In-Reply-To: <2@e>\r\nReferences: <0@e> <1@e> <2@e>\r\n"
        "Auto-Submitted: auto-replied (vacation)\r\nPrecedence: bulk\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nAway.\r\n"
    )


def test_subject_and_from_of_the_script() -> None:
    """Sections 5.3 and 5.4; without any subject, a fixed one."""
    assert "Subject: Gone\r\n" in answered(subject="Gone")
    assert "Subject: Automated reply\r\n" in answered(LETTER.replace(b"Subject: Hello\r\n", b""))
    assert answered(sender="Ann A <a@b.example>").startswith("From: Ann A <a@b.example>\r\n")


def test_a_mime_entity_brings_its_content_fields_alone() -> None:
    """Section 5."""
    text = "Content-Type: text/html\r\nBcc: all@example.org\r\nSubject: no\r\n\r\n<p>Away</p>"
    vacation = Vacation(text, "h", 60, is_mime=True)
    octets = answer(vacation, Message(LETTER), EVE, ANN, STAMP)
    assert b"Bcc" not in octets
    assert octets.count(b"Subject:") == 1
    assert octets.endswith(b"Content-Type: text/html\r\n\r\n<p>Away</p>")


@pytest.mark.parametrize(
    ("fields", "sender", "is_answered"),
    [
        (b"", EVE, True),
        (b"", "", False),
        (b"", "OWNER-list@elsewhere.example", False),
        (b"", "list-Request@elsewhere.example", False),
        (b"", "mailer-daemon@elsewhere.example", False),
        (b"", "noreply@elsewhere.example", False),
        (b"", "ANN@Example.ORG", False),
        (b"Auto-Submitted: no\r\n", EVE, True),
        (b"Auto-Submitted: No; a=b\r\n", EVE, True),
        (b"Auto-Submitted: auto-generated\r\n", EVE, False),
        (b"List-Unsubscribe: <mailto:x@y>\r\n", EVE, False),
        (b"List-Archive: <x>\r\n", EVE, False),
        (b"Precedence: Junk\r\n", EVE, False),
    ],
)
def test_who_is_answered(fields: bytes, sender: str, is_answered: bool) -> None:
    """Section 4.6, RFC 3834 section 2."""
    assert (refusal(Message(fields + LETTER), sender, (ANN,)) is None) is is_answered


@pytest.mark.parametrize("name", ["To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"])
def test_the_user_must_be_named_in_one_of_six_fields(name: str) -> None:
    """Section 4.5."""
    letter = LETTER.replace(b"To: ann@example.org", name.encode() + b": ANN@example.org")
    assert refusal(Message(letter), EVE, (ANN,)) is None
    assert refusal(Message(letter), EVE, ("other@example.org",)) == "the letter names the user nowhere"
    elsewhere = LETTER.replace(b"To: ann", b"Reply-To: ann")
    assert refusal(Message(elsewhere), EVE, (ANN,)) is not None


def test_memories_differ_by_handle_and_sender_alone() -> None:
    """Section 4.2."""
    keys = {memory_key(handle, sender) for handle in "ab" for sender in (EVE, "x@y.example")}
    assert len(keys) == 4
    assert memory_key("a", EVE.upper()) == memory_key("a", EVE)


def test_a_report_has_the_three_parts_of_rfc_6522() -> None:
    for refused, kind in ((Reject("No.", True), "delivery-status"), (Reject("No."), "disposition-notification")):
        octets = report(refused, Message(LETTER), EVE, ANN, "rfc822;old@example.org", STAMP)
        parsed = message_from_bytes(octets, policy=policy.default)
        assert parsed.get_content_type() == "multipart/report"
        assert parsed.get_param("report-type") == kind
        assert [part.get_content_type() for part in parsed.iter_parts()] == [
            "text/plain",
            f"message/{kind}",
            "text/rfc822-headers",
        ]
        assert "No." in octets.decode()
        assert b"old@example.org" in octets


def test_a_notification_follows_rfc_5436() -> None:
    notify = Notify(
        "mailto:a@b.example?cc=c@d.example&subject=URI&body=Look&bcc=x@y.example&received=z", importance=1
    )
    recipients, octets = notification(notify, Message(LETTER), ANN, STAMP)
    assert recipients == ("a@b.example", "c@d.example")
    text = octets.decode()
    assert text.startswith(f'Auto-Submitted: auto-notified; owner-email="{ANN}"\r\nFrom: {ANN}\r\n')
    assert "\r\nSubject: URI\r\n" in text
    assert "\r\nImportance: high\r\n" in text
    assert text.endswith("\r\n\r\nLook\r\n")
    for absent in ("x@y.example", "Received", "<2@e>"):
        assert absent not in text


def test_a_notification_keeps_the_subject_where_nothing_else_is_said() -> None:
    _, octets = notification(Notify("mailto:a@b.example"), Message(LETTER), ANN, STAMP)
    assert b"\r\nSubject: Hello\r\n" in octets


@given(LETTERS | ALMOST_LETTERS, st.text(max_size=60))
def test_any_letter_and_any_text_make_a_letter(letter: bytes, text: str) -> None:
    """Nothing raises, and no line or field comes of what was put in."""
    message = Message(letter)
    assert machine(message, EVE) != ""
    for octets in (
        answer(Vacation(text, "h", 60, text, text), message, EVE, ANN, STAMP),
        report(Reject(text), message, EVE, ANN, "", STAMP),
        notification(Notify("mailto:a@b.example", text, text), message, ANN, STAMP)[1],
    ):
        head = octets.partition(b"\r\n\r\n")[0]
        names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
        assert head.isascii()
        assert len(names) == len(set(names))
