"""What a broken-into service may try on the bus: abuse case 69, on a real broker with the generated permissions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgpack
import pytest
import trio

from shared.bus.memory import MemoryWire, matches
from shared.contracts import directory, spool
from shared.contracts.codec import encode
from shared.contracts.errors import Code
from shared.contracts.subjects import SERVICES, permissions
from shared.protocols.nats import commands
from shared.protocols.nats.frames import Message
from tests.support.broker import PASSWORDS, NatsServer, nats_server
from tests.support.raw_nats import RawNats
from tests.support.running_storage import RunningStorage, letter, running_storage

HOSTILE = {
    "depth": b"\x91" * 100_000,
    "array that is not there": b"\xdd\xff\xff\xff\xff",
    "string that is not there": b"\xdb\x7f\xff\xff\xffx",
    "extension type": msgpack.packb(msgpack.ExtType(42, b"x" * 100)),
    "timestamp": msgpack.packb(msgpack.Timestamp(1, 1)),
    "reserved": b"\xc1",
    "map for an array": msgpack.packb({"letter": "x"}),
    "too few": msgpack.packb(["x"]),
    "wrong types": msgpack.packb([1] * 12),
    "nothing": b"",
}


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[NatsServer]:
    async with nats_server(tmp_path) as server:
        yield server


def every_subject() -> list[bytes]:
    """One subject for each pattern that anybody may publish to or listen on, and a few that nobody may."""
    patterns = {
        pattern.partition(" ")[0]
        for service in SERVICES
        for pattern in (*permissions(service).publish, *permissions(service).subscribe)
    }
    named = [pattern.replace("*", "7").replace(">", "7") for pattern in sorted(patterns)]
    return [subject.encode() for subject in [*named, "$SYS.REQ.SERVER.PING", "anything", "spool.accept", "_INBOX.x"]]


@pytest.mark.parametrize("service", sorted(SERVICES))
async def test_case_69_every_subject_outside_the_list_is_refused(broker: NatsServer, service: str) -> None:
    granted = permissions(service)
    mine = [pattern.encode() for pattern in granted.publish]
    heard = [pattern.encode().partition(b" ") for pattern in granted.subscribe]
    foreign = [subject for subject in every_subject() if not any(matches(one, subject.split(b".")) for one in mine)]
    deaf = [
        subject
        for subject in every_subject()
        if not any(matches(one, subject.split(b".")) for one, _, group in heard if not group)
    ]
    assert foreign
    assert deaf
    with closing(RawNats(broker.client_port, service, PASSWORDS[service])) as raw:
        assert raw.denied(commands.publish(subject, b"", b"", b"") for subject in foreign) == len(foreign)
        subscriptions = [commands.subscribe(subject, b"", b"%d" % sid) for sid, subject in enumerate(deaf)]
        assert raw.denied(subscriptions) == len(deaf)
        assert (
            raw.denied([commands.subscribe(b">", b"", b"9999"), commands.subscribe(b"_INBOX.>", b"", b"9998")]) == 2
        )


async def test_case_69_a_wrong_password_ends_the_connection(broker: NatsServer) -> None:
    with pytest.raises(ConnectionError):
        RawNats(broker.client_port, "smtp", "wrong")


async def test_case_69_hostile_octets_are_refused_and_storage_goes_on(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        outlaw = Outlaw(storage)
        for what, octets in HOSTILE.items():
            answers = await outlaw.answers_to(spool.accept.subject("smtp"), [octets])
            assert [answer[:2] for answer in answers] == [[1, Code.MALFORMED.value]], what
        await storage.ask("smtp", spool.accept, letter("x@elsewhere.example"))


async def test_case_69_a_replayed_frame_is_one_letter(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        frame = encode(letter("x@elsewhere.example"))
        answers = await Outlaw(storage).answers_to(spool.accept.subject("smtp"), [frame] * 5)
        assert [answer[0] for answer in answers] == [0] * 5, "all are told that it is accepted"
        found = await storage.ask("admin", spool.queue_list, spool.QueueFilter())
        assert len(found.letters) == 1


async def test_case_69_a_foreign_reply_subject_gets_no_answer(tmp_path: Path) -> None:
    async with running_storage(tmp_path) as storage:
        frame, outlaw = encode(directory.Resolve(("ann@example.org",))), Outlaw(storage)
        subject = directory.resolve.subject("smtp")
        for reply in (b"_INBOX.imap.1.1", b"directory.domain-add.admin", b"_INBOX.smtpx.1", b"spool.ready"):
            assert await outlaw.answers_to(subject, [frame], reply, seconds=0.2) == []
        assert len(await outlaw.answers_to(subject, [frame])) == 1


class Outlaw:
    """A place on the memory bus, with the rights of smtp and without our manners."""

    def __init__(self, storage: RunningStorage) -> None:
        self.answers: list[Any] = []
        self._wire = MemoryWire(storage.broker, self, "smtp")  # type: ignore[arg-type]
        self._wire.listen(b"1", b"_INBOX.smtp.>", b"")

    def received(self, message: Message) -> None:
        self.answers.append(msgpack.unpackb(message.payload))

    async def answers_to(
        self, subject: str, frames: list[bytes], reply: bytes = b"_INBOX.smtp.raw.1", seconds: float = 5
    ) -> list[Any]:
        """What is answered, decoded but not read, to octets sent on ``subject``."""
        self.answers.clear()
        for frame in frames:
            self._wire.send(subject.encode(), reply, b"", frame)
        with trio.move_on_after(seconds):
            while len(self.answers) < len(frames):  # noqa: ASYNC110 - a wire tells nobody
                await trio.sleep(0.01)
        return list(self.answers)
