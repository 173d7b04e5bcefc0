"""What SORT and THREAD compare."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.base_subject import base_subject
from shared.mail.sort_keys import sort_keys
from shared.mail.summary import summarise


@pytest.mark.parametrize(
    ("subject", "base", "answers"),
    [
        ("Hello", "Hello", False),
        ("Re: Hello", "Hello", True),
        ("RE : FW: fwd: Hello", "Hello", True),
        ("Re: [list] Hello", "Hello", True),
        ("[list] Re[2]: Hello", "Hello", True),
        ("[list][other] Hello", "Hello", False),
        ("[list]", "[list]", False),
        ("Hello (fwd) (FWD) ", "Hello", True),
        ("[Fwd: Re: Hello (fwd)]", "Hello", True),
        ("  Many \t spaces\r\n here", "Many spaces here", False),
        ("Re:", "", True),
        ("Rehearsal: today", "Rehearsal: today", False),
        ("[fwd:", "[fwd:", False),
        ("", "", False),
    ],
)
def test_base_subjects(subject: str, base: str, answers: bool) -> None:
    assert base_subject(subject) == (base, answers)


@given(st.text(alphabet="[]RrEeFfWwDd: ()x", max_size=60))
def test_a_base_subject_has_none_but_itself(subject: str) -> None:
    base, _ = base_subject(subject)
    assert base_subject(base)[0] == base


def test_a_long_row_of_prefixes_takes_linear_time() -> None:
    assert base_subject("re: [x] " * 250) == ("[x]", True)
    assert base_subject("[" * 2_000)[0] == "[" * 2_000


def test_addresses_are_compared_by_mailbox_or_by_name() -> None:
    keys = sort_keys({b"from": b'"Zo\xc3\xab B." <ZB@x>, other@y', b"to": b"Plain@Host", b"cc": b"   "})
    assert (keys.sort_from, keys.shown_from) == ("zb", "zoe\u0308 b.")
    assert (keys.sort_to, keys.shown_to) == ("plain", "plain@host")
    assert keys.sort_cc == ""


def numbers(**fields: bytes) -> tuple[int, ...]:
    thread = sort_keys({name.replace("_", "-").encode(): value for name, value in fields.items()}).thread
    return struct.unpack(f"<{len(thread) // 8}Q", thread)


def test_threads_are_made_of_numbers() -> None:
    about, own = numbers(subject=b"Plan", message_id=b"<a@x>")
    answer = numbers(subject=b"Re: PLAN", message_id=b"<b@x>", references=b"<z@x> junk <a@x>", in_reply_to=b"<q@x>")
    assert answer[0] == about | 1
    assert len(answer) == 4
    assert answer[3] == own
    assert numbers(in_reply_to=b"yours of <a@x>, <b@x>")[2:] == (own,)
    assert numbers(message_id=b'<"a"@x>') == (0, own)
    assert numbers(subject=b"Re:") == (1, 0)
    assert len(numbers(references=b"<a@x>" * 500)) == 102


@given(st.binary(max_size=200))
def test_no_header_breaks_the_keys(octets: bytes) -> None:
    names = ("Subject", "From", "To", "Cc", "References", "In-Reply-To", "Message-ID")
    header = b"".join(name.encode() + b": " + octets.replace(b"\n", b"") + b"\r\n" for name in names)
    summary = summarise(header + b"\r\n")
    assert len(summary.thread) % 8 == 0
