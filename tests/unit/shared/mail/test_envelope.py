"""ENVELOPE as clients read it: every form of address, and nothing that breaks out of its string."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from shared.mail.imap_string import string
from shared.mail.summary import summarise


def envelope(*lines: bytes) -> bytes:
    return summarise(b"\r\n".join(lines) + b"\r\n\r\nbody\r\n").envelope


def to(value: bytes) -> bytes:
    """The rendered To of an envelope that has nothing else."""
    head = b"(NIL NIL NIL NIL NIL "
    rendered = envelope(b"To: " + value)
    assert rendered.startswith(head)
    assert rendered.endswith(b" NIL NIL NIL NIL)")
    return rendered[len(head) : -len(b" NIL NIL NIL NIL)")]


def test_fields_stand_in_order_and_sender_and_reply_to_default_to_from() -> None:
    assert envelope(
        b"Message-ID: <1@x>",
        b"Subject: =?utf-8?q?stays_raw?=",
        b"From: Ann <ann@x>",
        b"Cc: c@x",
        b"To: t@x",
        b"Bcc: b@x",
        b"In-Reply-To: <0@x>",
        b"Date: today",
    ) == (
        b'("today" "=?utf-8?q?stays_raw?=" (("Ann" NIL "ann" "x")) (("Ann" NIL "ann" "x")) (("Ann" NIL "ann" "x")) '
        b'((NIL NIL "t" "x")) ((NIL NIL "c" "x")) ((NIL NIL "b" "x")) "<0@x>" "<1@x>")'
    )


def test_absent_is_nil_empty_is_empty_and_the_first_field_wins() -> None:
    assert envelope(b"Subject: ", b"Subject: second") == b'(NIL "" NIL NIL NIL NIL NIL NIL NIL NIL)'
    assert envelope(b"From: a@x", b"Sender:", b"Reply-To: r@x") == (
        b'(NIL NIL ((NIL NIL "a" "x")) ((NIL NIL "a" "x")) ((NIL NIL "r" "x")) NIL NIL NIL NIL NIL)'
    )


def test_forms_of_addresses() -> None:
    assert to(b"ann@example.org") == b'((NIL NIL "ann" "example.org"))'
    assert to(b"<ann@example.org>") == b'((NIL NIL "ann" "example.org"))'
    assert to(b'"Archer, Ann" <ann@x>, Bob <bob@y>') == b'(("Archer, Ann" NIL "ann" "x")("Bob" NIL "bob" "y"))'
    assert to(b'"The \\"Duke\\"" <d@x>') == b'(("The \\"Duke\\"" NIL "d" "x"))'
    assert to(b"ann@x (Ann Archer)") == b'(("Ann Archer" NIL "ann" "x"))'
    assert to(b"Ann (not (really) a name) <ann@x>") == b'(("Ann" NIL "ann" "x"))'
    assert to(b"<@one,@two:ann@x>") == b'((NIL "@one,@two" "ann" "x"))'
    assert to(b'"a b"@x') == b'((NIL NIL "a b" "x"))'
    assert to(b'Who <"a>b"@x>') == b'(("Who" NIL "a>b" "x"))'
    assert to(b"ann@[IPv6:2001:db8::1]") == b'((NIL NIL "ann" "[IPv6:2001:db8::1]"))'
    assert to(b'John Q. "Public"  Jr <j@x>') == b'(("John Q. Public Jr" NIL "j" "x"))'
    assert to(b"root") == b'((NIL NIL "root" ""))'
    assert to(b", ,ann@x,,") == b'((NIL NIL "ann" "x"))'


def test_groups() -> None:
    assert to(b"Friends: ann@x, Bob <bob@y>; carl@z") == (
        b'((NIL NIL "Friends" NIL)(NIL NIL "ann" "x")("Bob" NIL "bob" "y")(NIL NIL NIL NIL)(NIL NIL "carl" "z"))'
    )
    assert to(b"undisclosed-recipients:;") == b'((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL))'


def test_folded_fields_are_one_line_and_eight_bit_is_a_literal() -> None:
    assert envelope(b"Subject: one", b" two")[5:14] == b'"one two"'
    assert envelope("Subject: für".encode()) == "(NIL {4}\r\nfür NIL NIL NIL NIL NIL NIL NIL NIL)".encode()


def test_broken_addresses_end_somewhere() -> None:
    for value in (
        b'"',
        b"<",
        b"(",
        b"a <",
        b'<"',
        b"((((",
        b"\\",
        b'"\\',
        b"<@",
        b"<@:",
        b":::",
        b";;;",
        b"[",
        b"a@b@c",
    ):
        assert to(value).startswith((b"(", b"NIL"))


@given(st.binary(max_size=60))
def test_a_string_is_exactly_one_string(value: bytes) -> None:
    rendered = string(value)
    expected = value.replace(b"\0", b"")
    if rendered.startswith(b"{"):
        size, _, octets = rendered[1:].partition(b"}\r\n")
        assert (int(size), octets) == (len(expected), expected)
    else:
        assert rendered[:1] == rendered[-1:] == b'"'
        assert rendered.isascii()
        assert b"\r" not in rendered
        assert b"\n" not in rendered
        assert re.sub(rb"\\(.)", rb"\1", rendered[1:-1], flags=re.DOTALL) == expected
        assert re.fullmatch(rb'"(?:[^"\\]|\\["\\])*"', rendered, re.DOTALL)


_NSTRING = re.compile(rb'NIL|"(?:[^"\\\r\n\0\x80-\xff]|\\["\\])*"|\{(\d+)\}\r\n')


def read(rendered: bytes) -> list[object]:
    """What a strict client makes of a parenthesised list; asserts that nothing is left over."""
    stack: list[list[object]] = [[]]
    at = 0
    while at < len(rendered):
        octet = rendered[at : at + 1]
        if octet == b"(":
            stack.append([])
            at += 1
        elif octet == b")":
            done = stack.pop()
            stack[-1].append(done)
            at += 1
        elif octet == b" " or octet.isdigit():
            at += 1
        else:
            token = _NSTRING.match(rendered, at)
            assert token is not None, rendered[at:]
            at = token.end() + int(token[1] or 0)
            stack[-1].append(None if token[0] == b"NIL" else token[0])
    assert len(stack) == 1
    assert len(stack[0]) == 1
    top = stack[0][0]
    assert isinstance(top, list)
    return top


_FIELDS = st.sampled_from([b"From", b"To", b"Cc", b"Subject", b"Reply-To", b"Message-ID", b"Content-Type",
                           b"Content-Disposition", b"Content-Language", b"Content-ID"])  # fmt: skip
_PIECES = st.sampled_from([b'"', b"<", b">", b"(", b")", b"@", b":", b";", b",", b"\\", b"a", b" ", b"[", b"]", b"=",
                           b"\r\n ", b"\r", b"\n", b"\0", b"\xe4", b"{5}", b"text/plain", b"name*0*=",
                           b"b"])  # fmt: skip
_VALUES = st.lists(_PIECES, max_size=15).map(b"".join)


@given(st.lists(st.tuples(_FIELDS, _VALUES), max_size=6))
def test_nothing_in_a_header_adds_a_token_to_what_a_client_reads(fields: list[tuple[bytes, bytes]]) -> None:
    summary = summarise(b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\nbody\r\n")
    top = read(summary.envelope)
    assert len(top) == 10
    for addresses in top[2:8]:
        assert addresses is None or (isinstance(addresses, list) and all(len(each) == 4 for each in addresses))
    read(summary.body_structure)
