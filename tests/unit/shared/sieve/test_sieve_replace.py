"""replace: RFC 5703 section 5."""

from __future__ import annotations

from shared.sieve.errors import LimitExceeded
from shared.sieve.outcome import Content, FileInto, Keep, Redirect
from tests.support.sieve import LETTER, actions, outcome

REQUIRE = 'require ["foreverypart", "mime", "replace", "fileinto", "copy"];'
PARTS = (
    b"From: ann@example.org\r\nSubject: two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n"
    b"--a\r\nContent-Type: text/plain\r\n\r\none\r\n"
    b"--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\n\r\n"
    b"--a--\r\n"
)


def kept(script: str, letter: bytes = PARTS) -> bytes:
    """The message that a script leaves behind."""
    (keep,) = actions(f"{REQUIRE} {script}", letter)
    assert isinstance(keep, Keep)
    assert keep.content is not None
    assert keep.content.body is not None
    return keep.content.header + keep.content.body


def where(kind: str, action: str) -> str:
    return f'foreverypart {{ if header :mime :contenttype "content-type" "{kind}" {{ {action} }} }}'


def test_the_whole_message_becomes_a_text() -> None:
    assert kept('replace "Gone.";') == (
        b"From: ann@example.org\r\nSubject: two\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nGone.\r\n"
    )


def test_subject_and_from_keep_the_old_ones_under_another_name() -> None:
    message = kept('replace :subject "New" :from "postmaster@example.org" "Gone.";')
    assert message.startswith(
        b"Original-From: ann@example.org\r\nOriginal-Subject: two\r\n"
        b"Subject: New\r\nFrom: postmaster@example.org\r\nMIME-Version: 1.0\r\n"
    )


def test_mime_gives_the_content_fields_and_no_others() -> None:
    entity = "Content-Type: text/html\r\nSubject: forged\r\nContent-Language: en\r\n\r\n<p>Gone</p>"
    message = kept(f'replace :mime "{entity}";')
    assert message.endswith(b"Content-Type: text/html\r\nContent-Language: en\r\n\r\n<p>Gone</p>")
    assert b"forged" not in message


def test_a_part_is_replaced_where_it_stands() -> None:
    assert kept(where("text/html", 'replace "Gone.";')) == PARTS.replace(
        b"Content-Type: text/html\r\n\r\ntwo",
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nGone.",
    )


def test_what_is_inside_a_replaced_part_is_not_visited() -> None:
    whole = 'if header :mime :type "content-type" "multipart" { replace "y"; }'
    leaf = 'if header :mime :type "content-type" "text" { replace "x"; }'
    message = kept(f'foreverypart {{ if not exists :mime "from" {{ {whole} {leaf} }} }}')
    assert message.count(b"\r\n\r\nx\r\n") == 1
    assert message.count(b"\r\n\r\ny\r\n") == 1
    assert b"--b" not in message


def test_all_that_follows_sees_the_new_message() -> None:
    script = (
        'fileinto :copy "before"; replace :subject "New" "Gone."; if header "subject" "new" { fileinto "after"; }'
    )
    before, after = actions(f"{REQUIRE} {script}", PARTS)
    assert isinstance(before, FileInto)
    assert before.content is None
    assert isinstance(after, FileInto)
    assert isinstance(after.content, Content)


def test_parts_count_for_actions_inside_the_loop_too() -> None:
    script = where("text/plain", 'replace "x"; redirect :copy "b@example.org";')
    redirect, keep = actions(f"{REQUIRE} {script}", PARTS)
    assert isinstance(redirect, Redirect)
    assert redirect.content is not None
    assert isinstance(keep, Keep)
    assert keep.content == redirect.content


def test_text_outside_of_ascii_is_encoded() -> None:
    assert b"quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n" in kept('replace "Gr\u00fc\u00dfe";', LETTER)


def test_case_56_changes_are_counted() -> None:
    result = outcome(f"{REQUIRE} " + 'replace "x";' * 65)
    assert isinstance(result.error, LimitExceeded)
