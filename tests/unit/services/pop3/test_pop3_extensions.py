"""What is off by default, and what a small transcript cannot show."""

from __future__ import annotations

import poplib
import re
from pathlib import Path

import pytest

from tests.support.pop3_stage import PASSWORD, pop3_stage

LETTER = b"Subject: Hello\r\n\r\nIt works.\r\n"


def test_apop_where_it_is_switched_on(tmp_path: Path) -> None:
    with pop3_stage(tmp_path, apop=True) as pop3:
        address = pop3.fill("apop", [LETTER])
        client = poplib.POP3("localhost", pop3.port, timeout=10)
        with pytest.raises(poplib.error_proto, match="AUTH"):
            client.apop(address, "wrong")
        assert client.apop(address, PASSWORD).startswith(b"+OK")
        assert client.stat()[0] == 1
        client.quit()


def test_no_two_greetings_are_alike(tmp_path: Path) -> None:
    with pop3_stage(tmp_path, apop=True) as pop3:
        stamps = set()
        for _ in range(3):
            client = poplib.POP3("localhost", pop3.port, timeout=10)
            found = re.search(rb"<[!-;=?-~]+@[!-;=?-~]+>", client.getwelcome())
            assert found
            stamps.add(found[0])
            client.quit()
        assert len(stamps) == 3


def test_login_delay_is_told_and_kept(tmp_path: Path) -> None:
    with pop3_stage(tmp_path, login_delay=60) as pop3:
        address = pop3.fill("hasty", [LETTER])
        for place in range(2):
            client = poplib.POP3("localhost", pop3.port, timeout=10)
            assert client.capa()["LOGIN-DELAY"] == ["60"]
            client.user(address)
            if place:
                with pytest.raises(poplib.error_proto, match=r"\[LOGIN-DELAY\]"):
                    client.pass_(PASSWORD)
            else:
                client.pass_(PASSWORD)
            client.quit()


def test_a_large_letter_with_a_header_of_its_own_language(tmp_path: Path) -> None:
    body = b"some text of a line\r\n" * 20_000
    with pop3_stage(tmp_path) as pop3:
        address = pop3.fill("large", ["Subject: Grüße\r\n\r\n".encode() + body])
        client = poplib.POP3("localhost", pop3.port, timeout=10)
        client.user(address)
        client.pass_(PASSWORD)
        lines = client.retr(1)[1]
        assert lines[0] == b"Subject: =?utf-8?b?R3LDvMOfZQ==?="
        assert lines[2:] == body.split(b"\r\n")[:-1]
        client.quit()
