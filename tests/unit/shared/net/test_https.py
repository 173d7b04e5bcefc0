"""Documents over HTTPS whose places strangers choose. That they come and go, tests of MTA-STS and reports show."""

from __future__ import annotations

import socket
import ssl

import pytest
import trio

from shared.net.dialer import dial
from shared.net.https import NotFetched, get_document, post_document
from shared.net.shell import PeerGone

NOWHERE = "192.0.2.1"  # nobody may be asked: the test would take its time


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("reports.example", "/two words"),
        ("reports.example", "/\x7f"),
        ("reports.example", "/bücher"),
        ("reports.example\r\nX: y", "/"),
    ],
)
async def test_what_http_cannot_say_is_not_fetched(host: str, path: str) -> None:
    context = ssl.create_default_context()
    with trio.fail_after(20):
        with pytest.raises(NotFetched):
            await get_document(host, path, NOWHERE, context, limit=1_000, timeout=60)
        with pytest.raises(NotFetched):
            await post_document(host, path, NOWHERE, context, b"x", "text/plain", timeout=60, port=443)


@pytest.mark.parametrize("name", ["localhost", "mail.example", "192.0.2", "x", ""])
async def test_no_name_is_looked_up_to_connect(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(PeerGone):
        await dial(name, 25, 1.0)
