"""What the broker is told, and that the real one enforces it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from shared.bus.client import AnyCall
from shared.bus.configuration import Listeners, server_configuration
from shared.bus.nats import open_bus
from shared.bus.tcp import connect_tcp
from shared.bus.transport import TransportLost
from shared.contracts import control
from shared.contracts.subjects import SERVICES, permissions
from shared.protocols.nats import commands
from shared.protocols.nats.frames import Frame, Message, Ping, Pong, ServerError
from shared.protocols.nats.parser import Parser
from tests.support.broker import PASSWORDS, NatsServer, nats_server
from tests.support.stages import LOG


class RawClient:
    """Speaks NATS without any of the bus's own restraint."""

    def __init__(self, server: NatsServer) -> None:
        self._server = server
        self._parser = Parser()
        self.errors: list[str] = []
        self.messages: list[Message] = []

    async def login(self, user: str, password: str) -> None:
        self._transport = await connect_tcp(self._server.nats, None)
        await self.say(commands.connect("raw", user, password))

    async def say(self, *lines: bytes) -> None:
        """Send, and take in all that the server says until it has dealt with it."""
        await self._transport.send(b"".join([*lines, commands.PING]))
        frames: list[Frame] = []
        with trio.fail_after(5):
            while Pong() not in frames:
                frames = self._parser.feed(await self._transport.receive())
                self.errors += [frame.text for frame in frames if isinstance(frame, ServerError)]
                self.messages += [frame for frame in frames if isinstance(frame, Message)]
                if Ping() in frames:
                    await self._transport.send(commands.PONG)

    async def aclose(self) -> None:
        await self._transport.aclose()


async def test_wrong_password_is_refused(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as server:
        client = RawClient(server)
        with pytest.raises(TransportLost):
            await client.login("pop3", "guess")
        assert client.errors == ["Authorization Violation"]


async def test_accounts_are_fenced_by_the_real_server(tmp_path: Path) -> None:
    """What a broken-into service could try: other operations, other inboxes, and spying."""
    async with nats_server(tmp_path) as server:
        for service in sorted(SERVICES):
            client = RawClient(server)
            await client.login(service, PASSWORDS[service])
            others = sorted(SERVICES - {service})
            forbidden = [b"SUB > 90\r\n", b"SUB *.* 91\r\n", b"SUB _INBOX.> 92\r\n", b"SUB _INBOX.*.1.> 93\r\n"]
            forbidden += [b"SUB _INBOX.%b.> 94\r\n" % other.encode() for other in others]
            forbidden += [b"PUB directory.login.%b 0\r\n\r\n" % other.encode() for other in others]
            forbidden += [b"PUB $SYS.REQ.USER.INFO 0\r\n\r\n", b"PUB made.up 0\r\n\r\n"]
            if service != "storage":
                forbidden += [b"SUB directory.login.* storage 95\r\n", b"PUB _INBOX.imap.1.1 0\r\n\r\n"]
            else:
                forbidden += [b"SUB directory.login.* 95\r\n", b"PUB _INBOX.storage.1.1 0\r\n\r\n"]
            await client.say(*forbidden)
            assert len(client.errors) == len(forbidden), (service, client.errors)
            assert all(error.startswith("Permissions Violation") for error in client.errors)
            await client.aclose()


async def test_reply_subject_of_another_is_never_answered(tmp_path: Path) -> None:
    """The confused deputy: pop3 asks a permitted question, the answer to go to a subject closed to it."""
    async with nats_server(tmp_path) as server:
        answered: list[object] = []

        def on_call(call: AnyCall) -> None:
            answered.append(call)
            call.answer(control.Pong("x"))

        async with open_bus([server.nats], "storage", "1", PASSWORDS["storage"], LOG) as storage:
            await storage.wait_connected()
            storage.serve(control.ping, on_call)
            victim = RawClient(server)
            await victim.login("imap", PASSWORDS["imap"])
            await victim.say(b"SUB _INBOX.imap.1.> 1\r\n")
            attacker = RawClient(server)
            await attacker.login("pop3", PASSWORDS["pop3"])
            for reply in (b"_INBOX.imap.1.5", b"changes.list.1", b"_INBOX.pop3", b"directory.changed"):
                await attacker.say(b"PUB control.ping.pop3 %b 1\r\n\x90\r\n" % reply)
            await attacker.say(b"PUB control.ping.pop3 1\r\n\x90\r\n", b"SUB _INBOX.pop3.1.> 7\r\n")
            await attacker.say(b"PUB control.ping.pop3 _INBOX.pop3.1.1 1\r\n\x90\r\n")
            with trio.fail_after(5):
                while not attacker.messages:
                    await attacker.say()
            await victim.say()
            assert len(answered) == 1
            assert victim.messages == []
            await victim.aclose()
            await attacker.aclose()


def test_text_names_every_service_and_never_allow_responses() -> None:
    text = server_configuration(Listeners(websocket=8222), PASSWORDS)
    assert "allow_responses" not in text
    for service in SERVICES:
        assert f'user: "{service}"' in text
        for pattern in permissions(service).subscribe:
            assert f'"{pattern}"' in text
    assert "no_tls: true" in text
    secured = server_configuration(Listeners(certificate="/c", key="/k", client=4222), PASSWORDS)
    assert "no_tls" not in secured
    assert secured.count('cert_file: "/c"') == 2
