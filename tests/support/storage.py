"""Storage without bus and threads: handlers run on a real database, one transaction a call, as the writer does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from services.storage import config
from services.storage.blobs.tickets import Tickets
from services.storage.engines.open import open_database
from services.storage.forwarding import Forwarding
from services.storage.handlers import acl, blobs, imap_events, mailboxes, maildrop, messages, quota, search, sorting
from services.storage.handlers import metadata as metadata_handlers
from services.storage.registry import AnyRow
from services.storage.repositories import contents, expunges
from services.storage.repositories import mailboxes as mailbox_rows
from services.storage.repositories.flagsets import FlagSets
from services.storage.tables.schema import account, content, domain, letter, metadata, recipient
from services.storage.unit_of_work import Announcement, Asked, UnitOfWork
from shared.contracts import acl as acl_ops
from shared.contracts import messages as message_ops
from shared.contracts.blobs import Body
from shared.contracts.errors import Refused
from shared.contracts.messages import Append, Filing, New, Target
from shared.contracts.op import Op
from shared.mail.summary import summarise
from tests.support import databases

START = 1_700_000_000.0
GRANT = b"grant"
ADMINISTRATOR = "admin@example.org"
ANNOTATIONS = config.Metadata(value=1024, count=10, octets=4096, contact="mailto:help@example.org")


def letter_octets(subject: str = "Hello", text: str = "Hi there.\r\n") -> bytes:
    """A small message."""
    head = (
        f"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: {subject}\r\nMessage-ID: <{subject}@x>\r\n"
    )
    return f"{head}Date: Fri, 21 Nov 1997 23:55:06 -0600\r\n\r\n{text}".encode()


def new(octets: bytes = b"", flags: Sequence[str] = (), date: int | None = None) -> New:
    """One message of an APPEND."""
    octets = octets or letter_octets()
    return New(Body(octets), summarise(octets), tuple(flags), date)


class Store:
    """A storage of one account, "bob@example.org", asked in the words of the contracts."""

    def __init__(self, path: Path) -> None:
        self.database = open_database(databases.url_in(path))
        self.now = START
        self.flagsets = FlagSets()
        self.clock: Callable[[], float] = lambda: 0.0  # what a search measures its time by
        self.announcements: list[Announcement] = []
        self.blobs: dict[str, bytes] = {}
        self._keys = count(1)
        self._writer = self.database.writer()
        self._reader = self.database.reader()
        with self._writer.begin():
            if not self.database.shared:  # else a copy of one that is made
                metadata.create_all(self._writer)
            self._writer.execute(insert(domain), {"id": 1, "name": "example.org"})
        self.bob = self.add_account("bob@example.org")
        tickets = Tickets(b"secret", "http://data", lambda: self.now, 60)
        forwarding = Forwarding(b"secret", lambda: self.now)
        families = (
            acl.ROWS,
            imap_events.rows(self.flagsets, forwarding, tickets),
            metadata_handlers.rows(ANNOTATIONS, {ADMINISTRATOR}),
            blobs.rows(tickets, 2**30),
            mailboxes.rows(self.flagsets),
            messages.rows(self.flagsets, tickets, forwarding),
            quota.rows({ADMINISTRATOR}, lambda work, address: None),
            maildrop.rows(self.flagsets),
            search.rows(lambda location, start, end: self.blobs[location][start:end], lambda: self.clock()),
            sorting.ROWS,
        )
        self.rows: dict[str, AnyRow] = {row.op.name: row for family in families for row in family}

    def close(self) -> None:
        self._reader.close()
        self._writer.close()
        self.database.close()

    def add_account(self, address: str, quota: int = 0) -> int:
        """An account with its default folders."""
        with self._writer.begin():
            row = {"domain_id": 1, "address": address, "secret": "", "quota": quota, "created": int(self.now)}
            number: int = self._writer.execute(insert(account).returning(account.c.id), row).scalar_one()
            mailbox_rows.create_defaults(self._writer, self.now, [number])
        return number

    def call(self, op: Op[Any, Any], request: Any, *, account: int = 0, session: str = "s1") -> Any:
        """The reply; a refusal is raised."""
        answer = self.batch(op, [request], account=account, session=session)[0]
        if isinstance(answer, Refused):
            raise answer
        return answer

    def batch(self, op: Op[Any, Any], requests: Sequence[Any], *, account: int = 0, session: str = "s1") -> list[Any]:
        """The answers to requests that wait together."""
        row = self.rows[op.name]
        asked = [Asked(request, "imap", account or self.bob, session) for request in requests]
        if row.write is None or not all(map(row.writes, requests)):
            assert row.read is not None
            with self._reader.begin():
                return list(row.read(self._reader, asked))
        try:
            return self._commit(row.write, asked)
        except Refused as refused:
            if len(asked) == 1:
                return [refused]
            return [answer for request in requests for answer in self.batch(op, [request], account=account)]

    def _commit(self, handle: Any, asked: Sequence[Asked[Any]]) -> list[Any]:
        with self._writer.begin():
            work = UnitOfWork(self._writer, self.now)
            answers = list(handle(work, asked))
        for call in work.after_commit:
            call()
        self.announcements += work.announcements
        return answers

    def rolled_back(self, op: Op[Any, Any], request: Any) -> None:
        """Run a write that never commits."""
        row = self.rows[op.name]
        assert row.write is not None
        with self._writer.begin() as transaction:
            row.write(UnitOfWork(self._writer, self.now), [Asked(request, "imap", self.bob, "s1")])
            transaction.rollback()

    def execute(self, statement: Any, parameters: Any = None) -> None:
        """Change the tables behind storage's back."""
        with self._writer.begin():
            self._writer.execute(statement, parameters)

    def query(self, statement: Any, parameters: Any = None) -> list[Any]:
        """Look into the tables."""
        with self._reader.begin():
            return list(self._reader.execute(statement, parameters))

    def change(self, statement: Any) -> None:
        """Make the tables say something."""
        with self._writer.begin():
            self._writer.execute(statement)

    def forget(self) -> None:
        """What the sweeper does with old history."""
        with self._writer.begin():
            expunges.forget(self._writer, self.now)

    def uses(self) -> dict[int, int]:
        """Use counts of content by id."""
        return dict(self.query(select(content.c.id, content.c.uses)))

    def key(self) -> str:
        """A fresh idempotency key."""
        return f"key-{next(self._keys)}"

    def append(self, *news: New, mailbox: str = "INBOX", account: int = 0) -> Any:
        """APPEND."""
        return self.call(message_ops.append, Append(GRANT, self.key(), mailbox, news), account=account)

    def share(self, mailbox: str, identifier: str, rights: str, *, owner: int = 0) -> None:
        """SETACL."""
        change = acl_ops.SetAcl(GRANT, mailbox, identifier, acl_ops.Grant.REPLACE, rights)
        self.call(acl_ops.set, change, account=owner)

    def accept(self, octets: bytes, addresses: Sequence[str] = ("bob@example.org",), fence: int = 1) -> str:
        """A letter in the spool, claimed under ``fence``; its id."""
        summary = summarise(octets)
        name = f"letter-{next(self._keys)}"
        with self._writer.begin():
            (number,) = contents.intern(self._writer, self.now, [(Body(octets), summary)])
            row = {
                "id": name, "request": b"", "trace": name, "sender": "ann@example.org", "content_id": number,
                "size": summary.size, "message_id": "", "subject": "", "client": "", "helo": "", "protocol": "",
                "smtputf8": False, "envelope_id": "", "ret": "", "accepted": self.now, "fence": fence,
                "open": len(addresses),
            }  # fmt: skip
            seq = self._writer.execute(insert(letter).returning(letter.c.seq), row).scalar_one()
            self._writer.execute(
                insert(recipient),
                [
                    {"letter_seq": seq, "number": place, "address": address, "state": "ready"}
                    for place, address in enumerate(addresses)
                ],
            )
        return name

    def filing(self, name: str, *targets: Target, fence: int = 1, number: int = 0) -> Filing:
        """What delivery asks for one recipient; without targets, INBOX of bob."""
        return Filing(name, fence, number, targets or (Target(self.bob, "INBOX", b"Delivered-To: bob\r\n"),))
