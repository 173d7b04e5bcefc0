"""What attackers try at the door, against the whole installation; numbers of the project's list of abuse cases."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import smtplib
import socket
import time
from base64 import b64encode
from collections.abc import Callable

import pytest

from tests.integration.mail import PASSWORD, new_account
from tests.integration.test_replicas import sessions_of_two_processes
from tests.support.house import House, until

pytestmark = pytest.mark.integration

ANOTHER = "another-password"
NAMES = {
    "sql": "' OR 1=1 --",
    "ldap": "*)(uid=*",
    "subject": "a.*.>",
    "long": "x" * 1_000,
    "path": "../../etc/passwd@eilpost.test",
    "controls": "a\r\nb\tc\x1b[31m@eilpost.test",
    "right to left": "\u202ebob@eilpost.test",
    "nothing": "",
}


class Raw:
    """A connection that says what it likes."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self._socket.makefile("rb")
        self.line()

    def say(self, octets: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(octets)

    def line(self) -> bytes:
        """The next line; b"" at the end."""
        try:
            return self._file.readline()
        except ConnectionError:
            return b""

    def ask(self, octets: bytes) -> bytes:
        self.say(octets + b"\r\n")
        return self.line()


def _refused(rightly: bool) -> bool:
    """False, for no login, when it was refused with the words for a wrong password."""
    assert rightly
    return False


def imap_login(house: House, address: str, password: str) -> bool:
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=20)
    try:
        client.login(address, password)
    except imaplib.IMAP4.error as error:
        return _refused("AUTHENTICATIONFAILED" in str(error))
    client.logout()
    return True


def pop3_login(house: House, address: str, password: str) -> bool:
    client = poplib.POP3("127.0.0.1", house.ports["pop3"], timeout=20)
    client.user(address)
    try:
        client.pass_(password)
    except poplib.error_proto as error:
        return _refused(b"[AUTH]" in error.args[0])
    client.quit()
    return True


def smtp_login(house: House, address: str, password: str) -> bool:
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=20) as client:
        client.ehlo()
        try:
            client.auth("PLAIN", lambda _=None: f"\0{address}\0{password}")
        except smtplib.SMTPAuthenticationError as error:
            return _refused(error.smtp_code == 535)
    return True


LOGINS: tuple[Callable[[House, str, str], bool], ...] = (imap_login, pop3_login, smtp_login)


def test_case_28_broken_sasl_hurts_only_itself_in_imap(house: House) -> None:
    address = new_account(house)
    client = Raw(house.ports["imap"])
    for broken in (b"!!!!", b"AGEAAGI=", b64encode(b"no separators"), b64encode(b"\0a\xff\0b")):
        assert client.ask(b"a AUTHENTICATE PLAIN " + broken).startswith((b"a BAD", b"a NO")), broken
    assert client.ask(b"a AUTHENTICATE PLAIN").startswith(b"+ ")
    assert client.ask(b"*").startswith(b"a BAD")
    assert client.ask(b"a AUTHENTICATE PLAIN").startswith(b"+ ")
    client.say(b"A" * 1_000_000 + b"\r\n")
    assert client.line().startswith((b"a BAD", b"* BYE"))
    assert imap_login(house, address, PASSWORD)


def test_case_28_broken_sasl_hurts_only_itself_in_pop3(house: House) -> None:
    address = new_account(house)
    for broken in (b"!!!!", b"AGEAAGI=", b64encode(b"no separators"), b64encode(b"\0a\xff\0b")):
        assert Raw(house.ports["pop3"]).ask(b"AUTH PLAIN " + broken).startswith(b"-ERR"), broken
    client = Raw(house.ports["pop3"])
    assert client.ask(b"AUTH PLAIN").startswith(b"+ ")
    assert client.ask(b"*").startswith(b"-ERR")
    assert client.ask(b"AUTH PLAIN").startswith(b"+ ")
    client.say(b"A" * 1_000_000 + b"\r\n")
    assert client.line().startswith(b"-ERR")
    assert pop3_login(house, address, PASSWORD)


def test_case_30_one_login_admits_nobody_else(house: House) -> None:
    alice, bob = new_account(house), new_account(house)
    house.eilpost("user", "password", bob, "--password-stdin", stdin=ANOTHER)
    for _ in range(3):  # verified logins are remembered
        for login in LOGINS:
            assert login(house, alice, PASSWORD)
            assert login(house, bob, ANOTHER)
            assert not login(house, bob, PASSWORD)
            assert not login(house, alice, ANOTHER)


def test_case_30_a_changed_password_is_refused_everywhere(house: House) -> None:
    address = new_account(house)
    for login in LOGINS:
        assert login(house, address, PASSWORD)
    house.eilpost("user", "password", address, "--password-stdin", stdin=ANOTHER)
    changed = time.monotonic()
    for _ in range(4):  # connections go to all processes
        for login in LOGINS:
            until(lambda: not login(house, address, PASSWORD), 5)  # noqa: B023 - it ends before the next
            assert login(house, address, ANOTHER)
    assert time.monotonic() - changed < 20


def test_case_30_a_disabled_account_is_put_out_everywhere(house: House) -> None:
    address = new_account(house)
    sessions = sessions_of_two_processes(house, address)
    for session in sessions:
        session.command("SELECT INBOX")
        session.command("IDLE")
    house.eilpost("user", "set", address, "--disable")
    disabled = time.monotonic()
    for session in sessions:
        lines = session.file.readlines()
        assert lines, "the session goes on"
        assert lines[-1].startswith(b"* BYE")
    assert time.monotonic() - disabled < 5
    for login in LOGINS:
        assert not login(house, address, PASSWORD)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_case_31_strange_names_fail_like_any_other(house: House, name: str) -> None:
    octets = name.encode()
    plain = b64encode(b"\0" + octets + b"\0secret")
    unknown = b64encode(b"\0nobody@eilpost.test\0secret")
    for port, begin in (("imap", b"a AUTHENTICATE PLAIN "), ("pop3", b"AUTH PLAIN "), ("submission", b"AUTH PLAIN ")):
        answers = []
        for response in (plain, unknown):
            client = Raw(house.ports[port])
            if port == "submission":
                client.say(b"EHLO x\r\n")
                while client.line()[3:4] == b"-":
                    pass
            answers.append(client.ask(begin + response))
        if name:
            assert answers[0] == answers[1], port
        else:
            assert not answers[0].startswith((b"a OK", b"+OK", b"2")), port


def test_case_31_names_in_literals_fail_like_any_other(house: House) -> None:
    for name in NAMES.values():
        octets = name.encode()
        client = Raw(house.ports["imap"])
        client.say(b"a LOGIN {%d+}\r\n%b {6+}\r\nsecret\r\n" % (len(octets), octets))
        assert client.line() == b"a NO [AUTHENTICATIONFAILED] Authentication failed\r\n"
    client = Raw(house.ports["imap"])
    assert client.ask(b"a LOGIN {10000}").startswith(b"a BAD [TOOBIG]")
