from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.errors import ProtocolError
from shared.protocols.smtp.client.core import ClientCore
from shared.protocols.smtp.client.envelope import Envelope, To, obstacle
from shared.protocols.smtp.client.events import (
    Authenticated,
    AuthRefused,
    BodyDue,
    Event,
    Finished,
    Greeted,
    Parted,
    TlsAgreed,
    TlsRefused,
    Unwelcome,
)
from shared.protocols.smtp.client.extensions import Extensions
from shared.protocols.smtp.client.replies import ReplyError, ReplyReader, ServerReply

PLAIN = "250 mx.example\r\n"
MODERN = "250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250-DSN\r\n250 STARTTLS\r\n"


def says(core: ClientCore, text: str) -> list[Event]:
    core.feed(text.encode())
    events = []
    while (event := core.next_event()) is not None:
        events.append(event)
    return events


def greeted(ehlo: str = MODERN) -> ClientCore:
    core = ClientCore("us.example")
    says(core, "220 mx.example\r\n")
    assert core.to_send() == b"EHLO us.example\r\n"
    (event,) = says(core, ehlo)
    assert isinstance(event, Greeted)
    return core


def to(*addresses: str) -> Envelope:
    return Envelope("ann@example.net", tuple(map(To, addresses)))


def codes(events: list[Event]) -> list[int]:
    (event,) = events
    assert isinstance(event, Finished)
    return [reply.code for reply in event.replies]


def test_an_old_server_is_greeted_by_helo() -> None:
    core = ClientCore("us.example")
    says(core, "220-a\r\n220 b\r\n")
    assert core.to_send() == b"EHLO us.example\r\n"
    assert says(core, "502 5.5.1 what?\r\n") == []
    assert core.to_send() == b"HELO us.example\r\n"
    assert says(core, "250 hi\r\n") == [Greeted(Extensions())]


@pytest.mark.parametrize("greeting", ["554 no\r\n", "421 busy\r\n"])
def test_an_unwelcome_client_is_told_so(greeting: str) -> None:
    (event,) = says(ClientCore("us.example"), greeting)
    assert isinstance(event, Unwelcome)


def test_a_pipelined_transaction_is_one_flight() -> None:
    core = greeted()
    core.transact(to("a@x.example", "b@x.example"), b"Subject: x\r\n\r\n.hi")
    assert core.to_send() == (
        b"MAIL FROM:<ann@example.net>\r\nRCPT TO:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\n"
    )
    assert says(core, "250 ok\r\n250 ok\r\n450 4.2.0 later\r\n354 go\r\n") == []
    assert core.to_send() == b"Subject: x\r\n\r\n..hi\r\n.\r\n"
    assert core.dot_sent
    assert codes(says(core, "250 2.0.0 queued\r\n")) == [250, 450]
    core.transact(to("c@x.example"), b"")
    assert core.to_send().startswith(b"MAIL")


def test_without_pipelining_each_command_waits_for_the_last_reply() -> None:
    core = greeted(PLAIN)
    core.transact(to("a@x.example", "b@x.example"), b"hi\n")
    sent = []
    for reply in ("250 ok\r\n", "550 5.1.1 who?\r\n", "250 ok\r\n", "354 go\r\n"):
        sent.append(core.to_send())
        assert says(core, reply) == []
    assert sent[1:] == [b"RCPT TO:<a@x.example>\r\n", b"RCPT TO:<b@x.example>\r\n", b"DATA\r\n"]
    assert core.to_send() == b"hi\r\n.\r\n"
    assert codes(says(core, "250 ok\r\n")) == [550, 250]


def test_chunking_sends_the_message_by_its_length() -> None:
    core = greeted("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
    core.transact(to("a@x.example"), b"hi\n.\n")
    assert core.to_send() == b"MAIL FROM:<ann@example.net>\r\nRCPT TO:<a@x.example>\r\n"
    assert says(core, "250 ok\r\n250 ok\r\n") == []
    assert core.to_send() == b"BDAT 7 LAST\r\nhi\r\n.\r\n"
    assert codes(says(core, "250 ok\r\n")) == [250]


@pytest.mark.parametrize("ehlo", [PLAIN, MODERN, "250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n"])
def test_when_nobody_is_wanted_no_message_is_sent_and_the_next_transaction_is_clean(ehlo: str) -> None:
    core = greeted(ehlo)
    core.transact(to("a@x.example"), b"secret")
    flight = core.to_send()
    events = says(core, "250 ok\r\n")
    events += says(core, "550 5.1.1 no\r\n")
    if b"DATA" in flight:
        events += says(core, "354 go\r\n")
        assert core.to_send() == b".\r\n"
        events += says(core, "554 5.5.1 no valid recipients\r\n")
    else:
        assert core.to_send().endswith(b"RSET\r\n")
        assert says(core, "250 ok\r\n") == []
    assert codes(events) == [550]


def test_a_streamed_message_is_asked_for() -> None:
    core = greeted()
    core.transact(to("a@x.example"), None)
    core.to_send()
    assert says(core, "250 ok\r\n250 ok\r\n354 go\r\n") == [BodyDue()]
    sent = b""
    for piece in (b"a\r", b"\n.", b"b\r\n."):
        core.body(piece)
        sent += core.to_send()
    core.end_body()
    assert sent + core.to_send() == b"a\r\n..b\r\n..\r\n.\r\n"


def test_what_is_known_when_the_connection_breaks() -> None:
    core = greeted()
    core.transact(to("a@x.example", "b@x.example"), b"hi")
    says(core, "250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n")
    assert [None if reply is None else reply.code for reply in core.decided] == [550, None]
    assert core.dot_sent


def test_nothing_received_before_the_handshake_counts() -> None:
    core = greeted()
    core.start_tls()
    with pytest.raises(ReplyError):
        says(core, "220 go\r\n250-mx\r\n")
    core = greeted()
    core.start_tls()
    assert says(core, "220 go\r\n") == [TlsAgreed()]
    core.to_send()
    core.tls_started()
    assert core.extensions == Extensions()
    assert core.to_send() == b"EHLO us.example\r\n"


def test_tls_may_be_refused() -> None:
    core = greeted()
    core.start_tls()
    (event,) = says(core, "454 4.7.0 not now\r\n")
    assert isinstance(event, TlsRefused)


def test_logging_in() -> None:
    core = greeted("250-x\r\n250 AUTH PLAIN LOGIN\r\n")
    assert core.extensions.mechanisms == {"PLAIN", "LOGIN"}
    core.authenticate("ann", "secret")
    assert core.to_send() == b"AUTH PLAIN AGFubgBzZWNyZXQ=\r\n"
    assert says(core, "235 2.7.0 welcome\r\n") == [Authenticated()]
    core.authenticate("ann", "wrong")
    (event,) = says(core, "535 5.7.8 no\r\n")
    assert isinstance(event, AuthRefused)


def test_parameters_go_only_where_they_are_known() -> None:
    envelope = Envelope(
        "", (To("a@x.example", ("SUCCESS", "DELAY"), "rfc822;a+b@x.example"),), 70, True, False, "id=1", "HDRS"
    )
    core = greeted()
    core.transact(envelope, b"")
    assert core.to_send().split(b"\r\n")[:2] == [
        b"MAIL FROM:<> SIZE=70 BODY=8BITMIME RET=HDRS ENVID=id+3D1",
        b"RCPT TO:<a@x.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@x.example",
    ]
    core = greeted(PLAIN)
    core.transact(envelope._replace(eight_bit=False), b"")
    assert core.to_send() == b"MAIL FROM:<>\r\n"


@pytest.mark.parametrize(
    ("envelope", "enhanced"),
    [
        (Envelope("a@b", (To("c@d"),), size=1001), "5.3.4"),
        (Envelope("a@b", (To("ç@d"),), utf8=True), "5.6.7"),
        (Envelope("a@b", (To("c@d"),), require_tls=True), "5.7.10"),
    ],
)
def test_what_stands_in_the_way(envelope: Envelope, enhanced: str) -> None:
    found = obstacle(envelope, greeted().extensions, secure=False)
    assert found is not None
    assert found.permanent
    assert found.enhanced == enhanced


def test_obstacles_of_a_bare_server_and_of_one_under_tls() -> None:
    assert obstacle(to("a@b"), Extensions(), secure=False) is None
    eight = obstacle(to("a@b")._replace(eight_bit=True), Extensions(), secure=False)
    tls = obstacle(to("a@b")._replace(require_tls=True), Extensions(), secure=True)
    assert [each and each.enhanced for each in (eight, tls)] == ["5.6.3", "5.7.30"]
    assert obstacle(to("a@b")._replace(require_tls=True), Extensions({"REQUIRETLS": ""}), secure=True) is None


def test_552_to_a_recipient_means_later() -> None:
    core = greeted(PLAIN)
    core.transact(to("a@x.example"), b"")
    says(core, "250 ok\r\n")
    assert codes(says(core, "552 too many recipients\r\n")) == [452]


def test_the_goodbye_goes_behind_the_last_message() -> None:
    core = greeted()
    core.transact(to("a@x.example"), b"hi", last=True)
    core.to_send()
    says(core, "250 ok\r\n250 ok\r\n354 go\r\n")
    assert core.to_send() == b"hi\r\n.\r\nQUIT\r\n"
    assert core.closing
    assert core.parting
    finished, parted = says(core, "250 taken\r\n221 bye\r\n")
    assert codes([finished]) == [250]
    assert parted == Parted()
    assert not core.parting


def test_the_goodbye_waits_where_commands_may_not_be_pipelined_or_nobody_takes_the_letter() -> None:
    alone = greeted(PLAIN)
    alone.transact(to("a@x.example"), b"hi", last=True)
    for reply in ("250 ok\r\n", "250 ok\r\n", "354 go\r\n"):
        alone.to_send()
        says(alone, reply)
    assert alone.to_send() == b"hi\r\n.\r\n"
    refused = greeted()
    refused.transact(to("a@x.example"), b"hi", last=True)
    refused.to_send()
    assert codes(says(refused, "250 ok\r\n550 no\r\n554 nobody\r\n")) == [550]
    assert refused.to_send() == b"RSET\r\n"


reply_soup = st.lists(
    st.sampled_from(["250 ok\r\n", "250-x\r\n", "354 go\r\n", "550 5.1.1 no\r\n", "421 bye\r\n", "x\r\n", "2", "\n"])
).map("".join)


def run(octets: bytes, places: list[int]) -> list[object]:
    core = greeted()
    core.transact(to("a@x.example", "b@x.example"), b"hi")
    seen: list[object] = []
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    for start, end in itertools.pairwise(edges):
        core.feed(octets[start:end])
        try:
            while (event := core.next_event()) is not None:
                seen.append(event)
        except ProtocolError as error:
            seen.append(str(error))
            break
    return [*seen, core.to_send()]


@given(reply_soup.map(str.encode) | st.binary(max_size=100), st.lists(st.integers(0, 500), max_size=8))
def test_where_the_replies_are_cut_changes_nothing(octets: bytes, places: list[int]) -> None:
    assert run(octets, places) == run(octets, [])


@pytest.mark.parametrize(
    "hostile", [b"2" * 5000, b"250-x\r\n" * 200, b"250-a\r\n251 b\r\n", b"hello\r\n", b"199 x\r\n"]
)
def test_replies_are_bounded(hostile: bytes) -> None:
    reader = ReplyReader()
    reader.feed(hostile)
    with pytest.raises(ReplyError):
        reader.next_reply()


def test_replies_are_made_printable() -> None:
    reader = ReplyReader()
    reader.feed(b"550-5.1.1 who\x1b[0m\xff?\r\n550 5.1.1 nobody\r\n")
    reply = reader.next_reply()
    assert reply == ServerReply(550, "5.1.1", ("who?[0m\ufffd?", "nobody"))
    assert reply is not None
    assert reply.text == "550 5.1.1 who?[0m\ufffd? nobody"


BINARY = MODERN.replace("250-DSN", "250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN")


def test_a_binary_message_goes_octet_for_octet() -> None:
    core = greeted(BINARY)
    core.transact(to("a@x.example")._replace(binary=True, eight_bit=True), b"S: x\r\n\r\n\0\n\r.")
    assert core.to_send() == b"MAIL FROM:<ann@example.net> BODY=BINARYMIME\r\nRCPT TO:<a@x.example>\r\n"
    assert not says(core, "250 ok\r\n250 ok\r\n")
    assert core.to_send() == b"BDAT 12 LAST\r\nS: x\r\n\r\n\0\n\r."
    assert codes(says(core, "250 ok\r\n")) == [250]


def test_a_large_binary_message_goes_in_chunks() -> None:
    core = greeted(BINARY)
    core.transact(to("a@x.example")._replace(binary=True), None)
    core.to_send()
    assert says(core, "250 ok\r\n250 ok\r\n") == [BodyDue()]
    core.body(b"S: x\r\n\r\n\0")
    core.body(b"\n")
    core.end_body()
    assert core.to_send() == b"BDAT 9\r\nS: x\r\n\r\n\0BDAT 1\r\n\nBDAT 0 LAST\r\n"
    assert core.dot_sent
    assert codes(says(core, "250 ok\r\n250 ok\r\n250 ok\r\n")) == [250]
    core.transact(to("a@x.example")._replace(binary=True), None)
    core.to_send()
    says(core, "250 ok\r\n250 ok\r\n")
    core.body(b"x")
    core.end_body()
    assert codes(says(core, "452 4.3.1 full\r\n503 no\r\n")) == [452]


@pytest.mark.parametrize(
    ("fields", "offered", "code"),
    [
        ({"binary": True}, {"CHUNKING": ""}, "5.6.3"),
        ({"eight_bit": True}, {}, "5.6.3"),
        ({"eight_bit": True}, {"SMTPUTF8": ""}, None),
        ({"utf8": True}, {"8BITMIME": ""}, "5.6.9"),
        ({"utf8": True, "sender": "jürgen@x.example"}, {"8BITMIME": ""}, "5.6.7"),
    ],
)
def test_what_a_server_cannot_be_given(fields: dict[str, object], offered: dict[str, str], code: str | None) -> None:
    envelope = to("a@x.example")._replace(**fields)  # type: ignore[arg-type]
    found = obstacle(envelope, Extensions(offered), secure=False)
    assert (found.enhanced if found else None) == code


def test_the_next_envelope_is_announced_behind_the_end_of_a_message() -> None:
    core, following = greeted(), to("b@y.example")
    core.transact(to("a@x.example"), b"S: x\r\n\r\n", following)
    core.to_send()
    assert not says(core, "250 ok\r\n250 ok\r\n354 go\r\n")
    sent = core.to_send()
    assert sent == b"S: x\r\n\r\n.\r\nMAIL FROM:<ann@example.net>\r\nRCPT TO:<b@y.example>\r\nDATA\r\n"
    core.feed(b"250 taken\r\n250 ok\r\n550 5.1.1 nobody\r\n354 go\r\n")
    event = core.next_event()
    assert isinstance(event, Finished)
    core.transact(following, b"S: y\r\n\r\n")
    assert core.to_send() == b""
    assert core.next_event() is None
    assert core.to_send() == b".\r\n"  # for nobody
    assert codes(says(core, "554 5.5.1 nobody\r\n")) == [550]


def test_a_message_that_is_not_sent_announces_nothing() -> None:
    core, following = greeted(), to("b@y.example")
    core.transact(to("a@x.example"), b"S: x\r\n\r\n", following)
    core.to_send()
    assert codes(says(core, "250 ok\r\n550 no\r\n554 no\r\n")) == [550]
    assert core.to_send() == b"RSET\r\n"
    core.transact(following, b"S: y\r\n\r\n")
    assert core.to_send().startswith(b"MAIL FROM:<ann@example.net>\r\nRCPT TO:<b@y.example>\r\n")
    core = greeted()
    core.transact(to("a@x.example"), b"S: x\r\n\r\n", following)
    says(core, "250 ok\r\n250 ok\r\n354 go\r\n")
    with pytest.raises(ValueError, match="announced"):
        core.transact(to("c@x.example"), b"")


def test_a_server_that_knows_login_alone_is_told_name_and_password_in_turn() -> None:
    core = greeted("250-x\r\n250 AUTH LOGIN XOAUTH2\r\n")
    core.authenticate("ann", "s\u00e9cret")
    assert core.to_send() == b"AUTH LOGIN\r\n"
    assert says(core, "334 VXNlcm5hbWU6\r\n") == []
    assert core.to_send() == b"YW5u\r\n"
    assert says(core, "334 UGFzc3dvcmQ6\r\n") == []
    assert core.to_send() == b"c8OpY3JldA==\r\n"
    assert says(core, "235 2.7.0 ok\r\n") == [Authenticated()]


@pytest.mark.parametrize(
    "replies", [["504 no"], ["334 x", "535 who?"], ["334 x", "334 x", "535 wrong"], ["334 x"] * 3]
)
def test_a_login_may_fail_at_each_word(replies: list[str]) -> None:
    core = greeted("250-x\r\n250 AUTH LOGIN\r\n")
    core.authenticate("ann", "wrong")
    *early, last = replies
    for reply in early:
        assert says(core, f"{reply}\r\n") == []
    (event,) = says(core, f"{last}\r\n")
    assert isinstance(event, AuthRefused)


@pytest.mark.parametrize(
    ("original", "sent"),
    [
        ("utf-8;j\u00f6rg@x.example", b"utf-8;j\\x{F6}rg@x.example"),
        ("utf-8;j\\x{F6}rg@x.example", b"utf-8;j\\x{F6}rg@x.example"),
        ("utf-8;a+b=c@\U0001f4e7.example", b"utf-8;a\\x{2B}b\\x{3D}c@\\x{1F4E7}.example"),
        ("rfc822;a+b@x.example", b"rfc822;a+2Bb@x.example"),
    ],
)
def test_an_original_recipient_is_written_as_its_type_wants(original: str, sent: bytes) -> None:
    """RFC 6533 section 3: without SMTPUTF8 nothing beyond ASCII, and no xtext for the type utf-8."""
    core = greeted()
    core.transact(Envelope("", (To("a@x.example", original=original),)), b"x")
    assert b" ORCPT=" + sent + b"\r\n" in core.to_send()
