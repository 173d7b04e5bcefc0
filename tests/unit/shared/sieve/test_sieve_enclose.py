"""enclose: RFC 5703 section 6."""

from __future__ import annotations

from shared.mail.parts import unpack
from shared.mail.summary import summarise
from shared.sieve.outcome import Keep, Redirect
from tests.support.sieve import LETTER, actions

REQUIRE = 'require ["enclose", "editheader", "foreverypart", "mime", "copy", "fileinto"];'


def kept(script: str) -> bytes:
    keep = actions(f"{REQUIRE} {script}")[-1]
    assert isinstance(keep, Keep)
    assert keep.content is not None
    assert keep.content.body is not None
    return keep.content.header + keep.content.body


def test_the_message_becomes_the_second_part_of_a_new_one() -> None:
    message = kept('enclose :subject "Inside" "Look.";')
    nodes = unpack(summarise(message).parts)
    kinds = [f"{node.part.type}/{node.part.subtype}" for node in nodes]
    assert kinds == ["multipart/mixed", "text/plain", "message/rfc822", "text/plain"]
    assert message[nodes[2].part.body_start : nodes[2].part.end] == LETTER
    assert message[nodes[1].part.body_start : nodes[1].part.end].strip() == b"Look."


def test_date_and_from_are_those_of_the_user_and_the_moment() -> None:
    header = kept('enclose :subject "Inside" "Look.";').partition(b"\r\n\r\n")[0]
    assert header.startswith(
        b"Subject: Inside\r\nFrom: bob@example.net\r\nDate: Tue, 15 Jul 2025 07:30:00 +0000\r\nMIME-Version: 1.0\r\n"
    )


def test_without_subject_it_is_that_of_the_message() -> None:
    assert kept('enclose "Look.";').startswith(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from  here\r\n")


def test_headers_are_copied() -> None:
    header = kept('enclose :subject "x" :headers ["from", "Date", "To", "X-None"] "Look.";').partition(b"\r\n\r\n")[0]
    assert header.startswith(
        b'From: "Ann, A." <Ann+lists@Example.ORG>\r\nTo: bob@example.org,\r\n carl@example.net\r\n'
    )
    assert header.count(b"\r\nDate: Tue, 15 Jul 2025 09:30:00 +0200\r\n") == 1
    assert header.count(b"From:") == 1


def test_later_tests_and_actions_use_the_new_message() -> None:
    assert kept('enclose :subject "In" "x"; if header "subject" "In" { addheader "X-Seen" "yes"; }').startswith(
        b"X-Seen: yes\r\nSubject: In\r\n"
    )
    kinds = 'if header :mime :anychild :contenttype "content-type" "message/rfc822" { addheader "X-In" "yes"; }'
    assert kept(f'enclose "x"; {kinds}').startswith(b"X-In: yes\r\n")


def test_twice_is_twice() -> None:
    assert kept('enclose "a"; enclose "b";').count(b"message/rfc822") == 2


def test_what_is_sent_on_is_not_enclosed() -> None:
    redirect, keep = actions(f'{REQUIRE} addheader "X-A" "b"; enclose "x"; redirect :copy "a@example.org";')
    assert isinstance(redirect, Redirect)
    assert redirect.content is not None
    assert redirect.content.header.startswith(b"X-A: b\r\n")
    assert b"message/rfc822" not in (redirect.content.body or b"")
    assert isinstance(keep, Keep)
