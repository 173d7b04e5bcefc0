"""What transcripts cannot show: lost connections, failing storage, hostile clients, and what a session costs."""

from __future__ import annotations

import poplib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.errors import Code, Refused
from tests.support.pop3_stage import PASSWORD, Pop3Stage, pop3_stage

LETTERS = [b"Subject: %d\r\n\r\n%b\r\n" % (number, b"some text of a line\r\n" * 200) for number in range(300)]


@pytest.fixture(scope="module")
def pop3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pop3Stage]:
    with pop3_stage(tmp_path_factory.mktemp("pop3")) as stage:
        yield stage


@pytest.fixture(autouse=True)
def undisturbed(pop3: Pop3Stage) -> Iterator[None]:
    yield
    pop3.refusing.clear()


def log_in(pop3: Pop3Stage, address: str) -> poplib.POP3:
    client = poplib.POP3("localhost", pop3.port, timeout=10)
    client.user(address)
    client.pass_(PASSWORD)
    return client


def talk(pop3: Pop3Stage, sent: bytes) -> bytes:
    """All that the server says to ``sent`` and the end of the stream behind it."""
    with socket.create_connection(("localhost", pop3.port), 10) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while piece := client.recv(65536):
            received += piece
        return received


def test_marks_are_forgotten_and_the_lock_given_back_when_the_client_is_gone(pop3: Pop3Stage) -> None:
    address = pop3.fill("dropper", LETTERS[:3])
    client = log_in(pop3, address)
    client.dele(1)
    client.close()
    while True:  # the server notices in its own time
        try:
            again = log_in(pop3, address)
            break
        except poplib.error_proto as error:
            assert "[IN-USE]" in str(error)  # noqa: PT017
    assert again.stat()[0] == 3
    again.quit()


@pytest.mark.parametrize("refused", [Refused(Code.UNAVAILABLE), Refused(Code.STALE)])
def test_quit_claims_nothing_that_was_not_committed(pop3: Pop3Stage, refused: Refused) -> None:
    address = pop3.fill(f"unlucky-{refused.code.value}", LETTERS[:2])
    client = log_in(pop3, address)
    client.dele(1)
    pop3.refusing["maildrop.close"] = refused
    with pytest.raises(poplib.error_proto, match=r"\[(SYS/TEMP|IN-USE)\]"):
        client.quit()


def test_trouble_of_storage_is_temporary(pop3: Pop3Stage) -> None:
    address = pop3.fill("patient", LETTERS[:2])
    pop3.refusing["directory.login"] = Refused(Code.UNAVAILABLE)
    with pytest.raises(poplib.error_proto, match=r"\[SYS/TEMP\]"):
        log_in(pop3, address)
    pop3.refusing["directory.login"] = Refused(Code.THROTTLED, data="30")
    with pytest.raises(poplib.error_proto, match=r"\[SYS/TEMP\]"):
        log_in(pop3, address)
    pop3.refusing.clear()
    client = log_in(pop3, address)
    pop3.refusing["messages.bodies"] = Refused(Code.UNAVAILABLE)
    with pytest.raises(poplib.error_proto, match=r"\[SYS/TEMP\]"):
        client.retr(1)
    pop3.refusing.clear()
    assert b"\r\n".join(client.retr(2)[1]) + b"\r\n" == LETTERS[1]
    client.quit()


def test_a_changed_account_ends_its_sessions(pop3: Pop3Stage) -> None:
    address = pop3.fill("changed", [])
    other = log_in(pop3, pop3.fill("unchanged", []))
    client = log_in(pop3, address)
    pop3.change(address)
    with pytest.raises((poplib.error_proto, OSError)):
        client._getresp()  # type: ignore[attr-defined]
    other.noop()
    other.quit()


def test_a_client_that_reads_on_costs_few_calls(pop3: Pop3Stage) -> None:
    client = log_in(pop3, pop3.fill("reader", LETTERS))
    pop3.calls.clear()
    for number, letter in enumerate(LETTERS, 1):
        assert b"\r\n".join(client.retr(number)[1]) + b"\r\n" == letter
        client.dele(number)
    assert pop3.calls.count("messages.bodies") <= 8
    pop3.calls.clear()
    client.rset()
    for number in range(1, 201):
        client.top(number, 0)
    assert pop3.calls.count("messages.rows") <= 4
    for number in (300, 5, 299, 5, 1):
        assert b"\r\n".join(client.retr(number)[1]) + b"\r\n" == LETTERS[number - 1]
    client.quit()


def test_pipelined_commands_are_answered_in_order_and_together(pop3: Pop3Stage) -> None:
    address = pop3.fill("piped", LETTERS[:20])
    commands = [b"USER " + address.encode(), b"PASS " + PASSWORD.encode()]
    commands += [b"RETR %d" % number for number in range(1, 21)] + [b"NOOP"] * 1000 + [b"QUIT"]
    received = talk(pop3, b"\r\n".join(commands) + b"\r\n")
    at = -1
    for number in range(20):
        at = received.index(b"\r\nSubject: %d\r\n" % number, at + 1)
    assert received.endswith(b"+OK\r\n" * 1000 + b"+OK bye\r\n")


def test_what_follows_stls_in_clear_is_never_obeyed(pop3: Pop3Stage) -> None:
    received = talk(pop3, b"STLS\r\nCAPA\r\n")
    assert received.count(b"\r\n") == 2
    assert received.split(b"\r\n")[1].startswith(b"-ERR")


def test_endless_lines_and_endless_mistakes_end(pop3: Pop3Stage) -> None:
    assert talk(pop3, b"x" * 100_000).endswith(b"-ERR line too long\r\n")
    assert talk(pop3, b"JUNK\r\n" * 100).count(b"-ERR") == 21


def test_nothing_is_said_in_clear_that_should_not_be(tmp_path: Path) -> None:
    with pop3_stage(tmp_path, plaintext_on_loopback=False) as pop3:
        address = pop3.fill("careful", LETTERS[:1])
        client = poplib.POP3("localhost", pop3.port, timeout=10)
        offered = client.capa()
        assert "STLS" in offered
        assert not {"USER", "SASL"} & offered.keys()
        for command in (f"USER {address}", f"PASS {PASSWORD}", "AUTH PLAIN"):
            with pytest.raises(poplib.error_proto):
                client._shortcmd(command)  # type: ignore[attr-defined]
        client.stls(ssl.create_default_context(cafile=str(pop3.authority)))
        assert {"USER", "SASL"} <= client.capa().keys()
        client.user(address)
        client.pass_(PASSWORD)
        assert client.stat()[0] == 1
        client.quit()


def test_a_silent_stranger_is_shown_the_door(tmp_path: Path) -> None:
    with (
        pop3_stage(tmp_path, login_timeout=0.2) as pop3,
        socket.create_connection(("localhost", pop3.port), 5) as one,
    ):
        assert one.recv(100).startswith(b"+OK")
        assert one.recv(100) == b""


def test_shutdown_ends_idle_sessions_at_once(tmp_path: Path) -> None:
    with pop3_stage(tmp_path) as pop3:
        client = log_in(pop3, pop3.fill("idle", []))
        stopper = threading.Thread(target=pop3.stop)
        stopper.start()
        with pytest.raises((poplib.error_proto, OSError)):
            client._getresp()  # type: ignore[attr-defined]
        stopper.join(5)
        assert not stopper.is_alive()
