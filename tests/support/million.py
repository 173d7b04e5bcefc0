"""A mailbox of 1,000,000 messages: one that arrived, and the rest written beside it while nobody serves."""

from __future__ import annotations

import imaplib
from pathlib import Path

import pysqlite3

from tests.bench.client import Client
from tests.support.house import House

MESSAGES = 1_000_000
_ROWS = """
INSERT INTO message (mailbox_id, uid, content_id, modseq, flagset_id, size, date, saved, prefix)
WITH RECURSIVE number (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
SELECT mailbox_id, n, content_id, modseq + n % 1000, n % 2, size, date + n, saved, prefix
FROM number, message WHERE mailbox_id = ? AND uid = 1
"""


def fill_inbox(house: House, address: str, password: str) -> None:
    """Stop the house, fill the account's INBOX to `MESSAGES`, and start the house again."""
    with imaplib.IMAP4("localhost", house.ports["imap"], 30) as client:
        client.login(address, password)
        client.append("INBOX", "", "", b"Subject: one of many\r\n\r\nHello\r\n")
    house.stop()
    _write(house.data / "storage" / "eilpost.db", address)
    house.start()


def _write(file: Path, address: str) -> None:
    connection = pysqlite3.connect(str(file))
    with connection:
        (account, mailbox) = connection.execute(
            "SELECT account.id, mailbox.id FROM account JOIN mailbox ON account_id = account.id"
            " WHERE address = ? AND name = 'INBOX'",
            (address,),
        ).fetchone()
        connection.execute(_ROWS, (MESSAGES, mailbox))
        counted = "SELECT count(*), sum(size), sum(flagset_id % 2 = 0) FROM message WHERE mailbox_id = ?"
        count, octets, unseen = connection.execute(counted, (mailbox,)).fetchone()
        connection.execute(
            "UPDATE mailbox SET uidnext = ?, modseq = modseq + 1000, messages = ?, octets = ?, unseen = ?"
            " WHERE id = ?",
            (MESSAGES + 1, count, octets, unseen, mailbox),
        )
        connection.execute("UPDATE account SET messages = ?, octets = ? WHERE id = ?", (count, octets, account))
        connection.execute("UPDATE content SET uses = uses + ?", (MESSAGES - 1,))
    connection.close()


def logged_in(house: House, address: str, password: str) -> Client:
    """A client behind its login."""
    client = Client(house.ports["imap"])
    client.line()
    client.imap(b"in", f'LOGIN {address} "{password}"'.encode())
    return client


def resident(pid: int, *, highest: bool = False) -> int:
    """Octets of memory that a process holds, or the most that it has held since `forget_highest`."""
    wanted = "VmHWM:" if highest else "VmRSS:"
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))


def forget_highest(pid: int) -> None:
    """Let the peak begin anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
