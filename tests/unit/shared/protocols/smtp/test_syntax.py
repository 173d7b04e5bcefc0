from __future__ import annotations

import importlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.errors import ProtocolError
from shared.protocols.smtp import xtext
from shared.protocols.smtp.errors import CommandError, SmtpError
from shared.protocols.smtp.replies import Reply, reply
from shared.protocols.smtp.syntax import auth, bdat, ehlo, mail, rcpt, vrfy

VERBS = "auth bdat data ehlo expn helo help lhlo mail noop quit rcpt rset starttls vrfy"


@pytest.mark.parametrize(
    ("sent", "address"),
    [
        (b"<alice@example.org>", "alice@example.org"),
        (b" <Alice@EXAMPLE.org>", "Alice@EXAMPLE.org"),
        (b"<@relay.example,@b.example:alice@example.org>", "alice@example.org"),
        (b'<"alice"@example.org>', "alice@example.org"),
        (b'<"a\\lice smith"@example.org>', '"alice smith"@example.org'),
        (b'<"a@b"@example.org>', '"a@b"@example.org'),
        (b'<"a>b"@example.org>', '"a>b"@example.org'),
        (b"<alice@[192.0.2.1]>", "alice@[192.0.2.1]"),
        (b"<alice@[IPv6:2001:db8::1]>", "alice@[IPv6:2001:db8::1]"),
        (b"<user%other@example.org>", "user%other@example.org"),
        ("<grün@bücher.example>".encode(), "grün@bücher.example"),
        (b"<PostMaster>", "postmaster"),
    ],
)
def test_rcpt_takes_every_form_of_a_path(sent: bytes, address: str) -> None:
    assert rcpt.parse(b"TO:" + sent).address == address


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"alice@example.org",
        b"<>",
        b"<alice>",
        b"<alice@>",
        b"<@example.org>",
        b"<alice@example.org",
        b"<<a@b>>",
        b"<a@b>>",
        b"<a@b.>",
        b"<a..b@c>",
        b"<.a@b>",
        b"<a@b>junk",
        b"<a@[300.1.1.1]>",
        b"<a@[IPv6:zz]>",
        b"<a@[x:1]>",
        b"<a b@c>",
        b"<a@b c>",
        b"<a\0@b>",
        b"<a\r@b>",
        b"<a\n@b>",
        b'<"a\n"@b>',
        b"<a@b\\c>",
        b"<a@-b>",
        b"<a@b:25>",
        b"<\xff@b>",
        b"<\xc0\xae@b>",
        "<a\u202eb@c>".encode(),
        b"<@a:b>",
        b"<@a,b:c@d>",
        b"<(x)a@b>",
        b"<a@b(x)>",
        b"<" + b"a" * 256 + b"@b>",
        b"<a@" + b"b" * 256 + b">",
        b"<@x\0:a@b>",
    ],
)
def test_rcpt_refuses_everything_else_with_501(sent: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        rcpt.parse(b"TO:" + sent)
    assert caught.value.reply.code == 501


def test_mail_reads_all_its_parameters() -> None:
    sent = b"FROM:<a@b> SIZE=100 BODY=8bitmime SMTPUTF8 AUTH=c+40d.example RET=hdrs ENVID=QQ+2B1"
    assert mail.parse(sent) == mail.Mail("a@b", 100, mail.Body.EIGHT_BIT, True, "c@d.example", "HDRS", "QQ+1")
    assert mail.parse(b"FROM:<> AUTH=<>") == mail.Mail("", auth="")
    assert mail.parse(b"from:<a@b>  ") == mail.Mail("a@b")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"FROM:<a@b> SIZE=1e12", 501),
        (b"FROM:<a@b> SIZE=-1", 501),
        (b"FROM:<a@b> SIZE", 501),
        (b"FROM:<a@b>SIZE=1", 501),
        (b"FROM:<a@b> SIZE=1 SIZE=2", 501),
        (b"FROM:<a@b> BODY=TERNARY", 501),
        (b"FROM:<a@b> SMTPUTF8=1", 501),
        (b"FROM:<a@b> FOO=1", 555),
        (b"FROM:<a@b> RET=NONE", 501),
        (b"FROM:<a@b> ENVID=a+0A", 501),
        (b"FROM:<a@b> =", 501),
        (b"FROM:<a@b> ENVID=a+zz", 501),
        (b"FROM:<a@b> AUTH=a+0D@b", 501),
        (b"FROM:<postmaster>", 501),
        (b"TO:<a@b>", 501),
        (b"FROM:<a@b> SIZE=1\x85", 501),
        ("FROM:<ä@b>".encode(), 553),
        (b"", 501),
    ],
)
def test_mail_refuses_bad_arguments(sent: bytes, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        mail.parse(sent)
    assert caught.value.reply.code == code


def test_rcpt_reads_the_parameters_of_delivery_status_notifications() -> None:
    sent = b"TO:<a@b> NOTIFY=success,DELAY ORCPT=rfc822;x+2By@z"
    assert rcpt.parse(sent) == rcpt.Rcpt("a@b", ("SUCCESS", "DELAY"), "rfc822;x+y@z")
    assert rcpt.parse(b"TO:<a@b> NOTIFY=NEVER").notify == ("NEVER",)
    for bad in (
        b"NOTIFY=NEVER,DELAY",
        b"NOTIFY=",
        b"NOTIFY=X",
        b"ORCPT=x",
        b"ORCPT=rfc822;+0A",
        b"NOTIFY=DELAY,DELAY",
    ):
        with pytest.raises(CommandError):
            rcpt.parse(b"TO:<a@b> " + bad)


@pytest.mark.parametrize("name", ["mx.example.org", "localhost", "[127.0.0.1]", "[IPv6:::1]", "under_score.example"])
def test_ehlo_takes_names_and_literals(name: str) -> None:
    assert ehlo.parse(name.encode()).name == name


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"a b",
        b"a(b)",
        b'"a"',
        b"a;b",
        b"a\0b",
        b"a\x1bb",
        "ä.example".encode(),
        b"<a>",
        b"a\nb",
        b"-",
        b"a" * 300,
    ],
)
def test_ehlo_refuses_what_would_not_be_safe_in_a_received_field(sent: bytes) -> None:
    with pytest.raises(CommandError) as caught:
        ehlo.parse(sent)
    assert caught.value.reply.code == 501


def test_bdat_that_cannot_be_framed_ends_the_connection() -> None:
    assert bdat.parse(b"10") == bdat.Bdat(10, False)
    assert bdat.parse(b"0 last") == bdat.Bdat(0, True)
    for bad in (b"", b"x", b"-1", b"1 2", b"1 LAST LAST", "١".encode()):
        with pytest.raises(SmtpError) as caught:
            bdat.parse(bad)
        assert caught.value.reply.code == 501


def test_auth_keeps_the_initial_response_out_of_its_representation() -> None:
    assert auth.parse(b"plain AGEAYg==") == auth.Auth("PLAIN", b"AGEAYg==")
    assert "AGEAYg" not in repr(auth.parse(b"plain AGEAYg=="))


@given(verb=st.sampled_from(VERBS.split()), argument=st.binary(max_size=80) | st.text(max_size=60).map(str.encode))
def test_arbitrary_arguments_raise_only_protocol_errors(verb: str, argument: bytes) -> None:
    parse: Any = importlib.import_module(f"shared.protocols.smtp.syntax.{verb}").parse
    for prefix in (b"", b"FROM:<", b"TO:<a@b> "):
        with suppress(ProtocolError):
            parse(prefix + argument)


@given(text=st.text(st.characters(blacklist_categories=["Cs"]), max_size=40).filter(str.isprintable))
def test_xtext_round_trip(text: str) -> None:
    assert xtext.decode(xtext.encode(text)) == text


@given(text=st.text(max_size=900), code=st.sampled_from([250, 550]), more=st.lists(st.text(max_size=40), max_size=3))
def test_no_text_breaks_out_of_its_reply(text: str, code: int, more: list[str]) -> None:
    octets = Reply(code, "2.0.0", (text, *more)).render()
    lines = octets.split(b"\r\n")
    assert lines.pop() == b""
    assert len(lines) == 1 + len(more)
    assert octets.isascii()
    for number, line in enumerate(lines):
        assert b"\r" not in line
        assert b"\n" not in line
        assert len(line) <= 510
        assert line.startswith(b"%d%s2.0.0 " % (code, b" " if number == len(more) else b"-"))


def test_replies_look_like_rfc_5321() -> None:
    assert reply(250, "2.1.0", "Ok").render() == b"250 2.1.0 Ok\r\n"
    assert Reply(250, "", ("mx.example", "SIZE 1")).render() == b"250-mx.example\r\n250 SIZE 1\r\n"


def test_vrfy_wants_somebody() -> None:
    with pytest.raises(CommandError):
        vrfy.parse(b"")
