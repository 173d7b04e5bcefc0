"""Two IMAP processes at once: what one session does, the other hears of in IDLE."""

from __future__ import annotations

import socket
import time

import psutil
import pytest

from tests.integration.mail import PASSWORD, letter, new_account, send, wait_messages
from tests.support.house import House, until

pytestmark = pytest.mark.integration


class Session:
    """A raw IMAP session, since imaplib knows no IDLE here; and which process serves it."""

    def __init__(self, house: House) -> None:
        self.socket = socket.create_connection(("127.0.0.1", house.ports["imap"]), timeout=10)
        self.file = self.socket.makefile("rb")
        self.file.readline()
        self.server = _server(house, self.socket.getsockname()[1])

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def login(self, address: str) -> bool:
        """Whether that succeeds."""
        self.socket.sendall(f"a LOGIN {address} {PASSWORD}\r\n".encode())
        return self.file.readline().startswith(b"a OK")

    def command(self, text: str) -> list[bytes]:
        self.socket.sendall(b"a " + text.encode() + b"\r\n")
        lines = []
        while not (line := self.file.readline()).startswith(b"a "):
            lines.append(line)
            if line.startswith(b"+"):
                return lines
        assert line.startswith(b"a OK"), line
        return lines


def _server(house: House, client_port: int) -> int:
    """The process that holds the other end."""
    for pid in house.pids("imap"):
        for connection in psutil.Process(pid).net_connections("tcp"):
            if connection.raddr and connection.raddr.port == client_port:
                return pid
    raise AssertionError("nobody holds the connection")


def sessions_of_two_processes(house: House, address: str, another: str = "") -> tuple[Session, Session]:
    first = Session(house)
    first.command(f"LOGIN {address} {PASSWORD}")
    for _ in range(200):
        other = Session(house)
        if other.server != first.server:
            other.command(f"LOGIN {another or address} {PASSWORD}")
            return first, other
        other.close()
    raise AssertionError("all connections went to one process")


def test_case_50_the_cap_of_an_account_holds_for_both_processes_together(house: House) -> None:
    address, refused = new_account(house), set[int]()
    held = [Session(house) for _ in range(16)]
    for session in held:
        session.command(f"LOGIN {address} {PASSWORD}")
    assert len({session.server for session in held}) == 2, "one process has all of them"

    def both_refuse() -> bool:
        session = Session(house)
        if not session.login(address):
            refused.add(session.server)
        session.close()
        return len(refused) == 2

    until(both_refuse, 20)
    for session in held:
        session.command("NOOP")
        session.close()

    def let_in() -> bool:
        session = Session(house)
        found = session.login(address)
        session.close()
        return found

    until(let_in, 20)


def test_a_flag_set_by_one_process_is_seen_in_idle_by_the_other(house: House) -> None:
    address = new_account(house)
    send(house, address, letter(address))
    wait_messages(house, address, 1)
    one, other = sessions_of_two_processes(house, address)
    one.command("SELECT INBOX")
    other.command("SELECT INBOX")
    other.command("IDLE")
    started = time.monotonic()
    one.command("STORE 1 +FLAGS (\\Flagged)")
    line = other.file.readline()
    assert line.startswith(b"* 1 FETCH ")
    assert b"\\Flagged" in line
    assert time.monotonic() - started < 1.0


def test_two_users_of_one_mailbox_on_two_processes_see_each_other(house: House) -> None:
    owner, guest = new_account(house, "owner"), new_account(house, "guest")
    send(house, owner, letter(owner))
    wait_messages(house, owner, 1)
    one, other = sessions_of_two_processes(house, owner, guest)
    one.command(f"SETACL INBOX {guest} lrs")
    one.command("SELECT INBOX")
    other.command(f"SELECT #user/{owner}/INBOX")
    one.command("IDLE")
    other.command("STORE 1 +FLAGS (\\Seen)")
    assert one.file.readline().startswith(b"* 1 FETCH (FLAGS (\\Seen")
    one.socket.sendall(b"DONE\r\n")
    while not one.file.readline().startswith(b"a "):
        pass
    other.command("IDLE")
    one.command("STORE 1 +FLAGS (\\Flagged)")
    assert b"\\Flagged" in other.file.readline()
    started = time.monotonic()
    one.command(f"SETACL INBOX {guest} +t")
    assert other.file.readline().startswith(b"* FLAGS ")
    assert b"PERMANENTFLAGS (\\Deleted \\Seen)" in other.file.readline()
    one.command(f"DELETEACL INBOX {guest}")
    assert other.file.readline().startswith(b"* BYE ")
    assert time.monotonic() - started < 1.0


def test_notify_tells_what_happens_in_the_other_process(house: House) -> None:
    address = new_account(house)
    one, other = sessions_of_two_processes(house, address)
    other.command("NOTIFY SET (PERSONAL (MessageNew MessageExpunge MailboxName))")
    one.command("CREATE Plans")
    assert other.file.readline() == b'* LIST (\\HasNoChildren) "/" "Plans"\r\n'
    send(house, address, letter(address))
    assert other.file.readline() == b'* STATUS "INBOX" (UIDNEXT 2 MESSAGES 1)\r\n'


def test_who_resynchronises_with_the_other_process_learns_what_vanished(house: House) -> None:
    address = new_account(house)
    for _ in range(3):
        send(house, address, letter(address))
    wait_messages(house, address, 3)
    one, other = sessions_of_two_processes(house, address)
    one.command("SELECT INBOX")
    one.command("STORE 2 +FLAGS (\\Deleted)")
    one.command("EXPUNGE")
    other.command("ENABLE QRESYNC")
    selected = b"".join(other.command("SELECT INBOX"))
    validity = int(selected.split(b"UIDVALIDITY ")[1].split(b"]")[0])
    found = other.command(f"SELECT INBOX (QRESYNC ({validity} 1))")
    assert b"* VANISHED (EARLIER) 2\r\n" in found
    assert [line.split(b" FLAGS")[0] for line in found if b" FETCH (" in line] == [
        b"* 1 FETCH (UID 1", b"* 2 FETCH (UID 3",
    ]  # fmt: skip


def test_a_new_letter_wakes_sessions_of_both(house: House) -> None:
    address = new_account(house)
    one, other = sessions_of_two_processes(house, address)
    for session in (one, other):
        session.command("SELECT INBOX")
        session.command("IDLE")
    send(house, address, letter(address))
    for session in (one, other):
        assert session.file.readline() == b"* 1 EXISTS\r\n"


def test_both_smtp_processes_serve(house: House) -> None:
    assert len(house.pids("smtp")) == 2
    assert len(house.pids("imap")) == 2
