"""After the storm: every letter that was acknowledged is there once, and nothing is there twice."""

from __future__ import annotations

import imaplib
from collections import Counter

from tests.chaos.ledger import Ledger
from tests.chaos.load import PASSWORD, listing, must
from tests.support.house import House, until


def wait_settled(house: House, seconds: float) -> None:
    """Until no letter waits in the spool."""
    until(lambda: not house.eilpost("queue", "list", "--json").stdout.strip(), seconds, lambda: _waiting(house))


def _waiting(house: House) -> str:
    return house.eilpost("queue", "list", check=False).stdout[-2000:]


def copies(house: House, addresses: list[str], ledger: Ledger) -> Counter[tuple[str, str]]:
    """How often each (address, letter) is there, over all mailboxes."""
    found: Counter[tuple[str, str]] = Counter()
    for address in addresses:
        client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=30)
        client.login(address, PASSWORD)
        for mailbox in ("INBOX", "Archive"):
            must(client.select(mailbox, readonly=True))
            found.update((address, name) for _, name in listing(client, address, mailbox, ledger))
        client.logout()
    return found


def letters_of(house: House, address: str, mailbox: str, ledger: Ledger) -> list[str]:
    """The letters in a mailbox; one that is not there holds none."""
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=30)
    client.login(address, PASSWORD)
    status, _ = client.select(mailbox, readonly=True)
    found = [name for _, name in listing(client, address, mailbox, ledger)] if status == "OK" else []
    client.logout()
    return found


def writers(house: House, address: str) -> list[str]:
    """Who wrote the letters in INBOX."""
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=30)
    client.login(address, PASSWORD)
    must(client.select("INBOX", readonly=True))
    rows = must(client.uid("FETCH", "1:*", "(UID BODY.PEEK[HEADER.FIELDS (FROM)])"))
    client.logout()
    return [row[1].decode().partition(":")[2].strip().strip("<>") for row in rows if isinstance(row, tuple)]


def judge(found: Counter[tuple[str, str]], ledger: Ledger) -> tuple[list[str], list[str]]:
    """Letters lost, letters doubled."""
    lost = [
        name
        for name, address in ledger.acknowledged.items()
        if not found[address, name] and name not in ledger.removed and name not in ledger.doubtful
    ]
    undead = [name for (_, name), count in found.items() if count and name in ledger.removed]
    doubled = [name for (_, name), count in found.items() if count > 1]
    return lost, doubled + undead
