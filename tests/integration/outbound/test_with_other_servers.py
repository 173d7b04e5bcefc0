"""Whole installations that write to each other, and to a Postfix, over loopback: MX, TLS, SPF, DKIM and DMARC."""

from __future__ import annotations

import imaplib
import json
import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.dns import FAILING, nameserver_thread
from tests.support.house import NO_NAMES, House, until
from tests.support.ports import free_port
from tests.support.postfix import Postfix, is_installed, running_postfix

pytestmark = pytest.mark.integration

PASSWORD = "correct horse"
SETTINGS = """
[dns]
nameservers = ["{nameserver}"]

[smtp.judgement]
trusted_networks = ["192.0.2.1/32"]

[delivery.outbound]
port = {other}
mta_sts = false
routes = [{{ domain = "pf.test", host = "[127.0.0.1]", port = {postfix}, tls = "encrypt" }}]
"""


class World:
    """One and Two, installations with ann@one.test and bob@two.test; and maybe a Postfix with pf.test."""

    def __init__(self, one: House, two: House, postfix: Postfix | None) -> None:
        self.one = one
        self.two = two
        self.postfix = postfix


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    zone: dict[str, dict[str, list[str]]] = {}
    folder = Path(tempfile.mkdtemp(prefix="eilpost-"))
    with ExitStack() as stack:
        names = stack.enter_context(nameserver_thread(zone))
        one, two = House(folder / "one"), House(folder / "two")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        port = free_port()
        for house, other in ((one, two), (two, one)):
            values = {"nameserver": names.address, "other": other.ports["smtp"], "postfix": port}
            house.config.write_text(house.config.read_text().replace(NO_NAMES, "") + SETTINGS.format(**values))
        for house, domain, user in ((one, "one.test", "ann"), (two, "two.test", "bob")):
            house.start()
            stack.callback(house.stop)
            house.eilpost("domain", "add", domain)
            house.add_accounts([f"{user}@{domain}"], PASSWORD)
            zone.update(records(house, domain))
        postfix = None
        if is_installed():
            where = {"one.test": f"smtp:[127.0.0.1]:{one.ports['smtp']}"}
            more = "smtp_tls_security_level = encrypt"
            postfix = stack.enter_context(running_postfix(port, "pf.test", where, more))
        names.behaviour["down.test"] = FAILING
        yield World(one, two, postfix)


def records(house: House, domain: str) -> dict[str, dict[str, list[str]]]:
    """What the DNS says of a domain."""
    found: dict[str, dict[str, list[str]]] = {
        domain: {"MX": [f"10 mx.{domain}."], "TXT": ['"v=spf1 ip4:127.0.0.1 -all"']},
        f"mx.{domain}": {"A": ["127.0.0.1"]},
        f"_dmarc.{domain}": {"TXT": ['"v=DMARC1; p=reject; adkim=s; aspf=s"']},
    }
    for row in json.loads(house.eilpost("dkim", "generate", domain, "--json").stdout):
        text = row["record"]
        strings = " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))
        found[row["name"]] = {"TXT": [strings]}
    return found


def submit(house: House, sender: str, recipient: str, subject: str) -> None:
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=20) as client:
        client.login(sender, PASSWORD)
        client.sendmail(sender, [recipient], f"From: <{sender}>\r\nSubject: {subject}\r\n\r\nHello.\r\n")


def arrived(house: House, address: str, subject: str) -> bytes:
    """The letter, once it is in the mailbox."""
    found: list[bytes] = []

    def look() -> bool:
        with imaplib.IMAP4("127.0.0.1", house.ports["imap"], 20) as client:
            client.login(address, PASSWORD)
            client.select("INBOX", readonly=True)
            for number in client.search(None, "SUBJECT", f'"{subject}"')[1][0].split():
                part = client.fetch(number, "(BODY.PEEK[])")[1][0]
                assert isinstance(part, tuple)
                found.append(part[1])
        return bool(found)

    until(look, 20, lambda: house.log.read_text()[-3000:])
    return found[0]


def test_installations_write_to_each_other(world: World) -> None:
    ways = (
        (world.one, "ann@one.test", world.two, "bob@two.test"),
        (world.two, "bob@two.test", world.one, "ann@one.test"),
    )
    for number, (sender_house, sender, house, recipient) in enumerate(ways):
        submit(sender_house, sender, recipient, f"way {number}")
        letter = arrived(house, recipient, f"way {number}").decode()
        judged = letter.partition("Authentication-Results:")[2].partition("\r\nReceived")[0]
        for method in ("spf=pass", "dkim=pass", "dmarc=pass"):
            assert method in judged, letter
        assert "with ESMTPS id" in letter
        assert "using TLSv1.3" in letter


def test_attempt_is_one_line(world: World) -> None:
    submit(world.one, "ann@one.test", "bob@two.test", "one line")
    arrived(world.two, "bob@two.test", "one line")

    def lines() -> list[dict[str, object]]:
        found = (json.loads(line) for line in world.one.log.read_text().splitlines() if '"delivery.attempt"' in line)
        return [line for line in found if line["to"] == "bob@two.test"]

    until(lambda: bool(lines()), 10)
    line = lines()[-1]
    assert str(line["relay"]).startswith("mx.two.test[127.0.0.1]:")
    assert (line["dsn"], line["status"]) == ("2.0.0", "sent")
    assert str(line["response"]).startswith("250 2.0.0 Ok: queued as ")
    assert str(line["tls"]).startswith("TLSv1.3 ")
    assert str(line["delays"]).count("/") == 3


def test_postfix_both_ways(world: World) -> None:
    postfix = world.postfix
    if postfix is None:
        pytest.skip("no Postfix here")
    submit(world.one, "ann@one.test", "carl@pf.test", "to postfix")
    until(lambda: any(b"Subject: to postfix" in each for each in postfix.letters()), 20, postfix.log)
    assert "TLS connection established from" in postfix.log()
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=20) as client:
        text = "From: <carl@pf.test>\r\nSubject: from postfix\r\n\r\nHi.\r\n"
        client.sendmail("carl@pf.test", ["ann@one.test"], text)
    letter = arrived(world.one, "ann@one.test", "from postfix")
    assert b"with ESMTPS id" in letter


def test_report_comes_back_over_both(world: World) -> None:
    """Nobody at Two has that name: Two refuses, and One writes the report."""
    submit(world.one, "ann@one.test", "nobody@two.test", "to nobody")
    report = arrived(world.one, "ann@one.test", "Undelivered mail returned to sender")
    assert b"Final-Recipient: rfc822; nobody@two.test\r\nAction: failed\r\nStatus: 5.1.1\r\n" in report
    assert b"Remote-MTA: dns; mx.two.test\r\n" in report


def test_queue_in_the_words_of_postqueue(world: World) -> None:
    house = world.one

    def queue(*options: str) -> list[dict[str, Any]]:
        lines = house.eilpost("queue", "list", "--json", "--recipient", "x@down.test", *options).stdout.splitlines()
        return [json.loads(line) for line in lines]

    submit(house, "ann@one.test", "x@down.test", "waits")
    until(lambda: any(each["recipients"][0]["delay_reason"] for each in queue()), 20)
    (letter,) = queue()
    assert (letter["queue_name"], letter["sender"]) == ("deferred", "ann@one.test")
    assert letter["recipients"][0]["address"] == "x@down.test"
    assert "DNS" in letter["recipients"][0]["delay_reason"]
    assert letter["message_size"] > 50
    for act, name in (("hold", "hold"), ("release", "deferred"), ("hold", "hold"), ("retry", "deferred")):
        house.eilpost("queue", act, letter["queue_id"])
        wanted = [name]
        until(lambda: [each["queue_name"] for each in queue()] == wanted, 10)  # noqa: B023 - it ends before the next
    assert house.eilpost("queue", "show", letter["queue_id"]).stdout.count("x@down.test") == 1
    house.eilpost("queue", "drop", "--recipient", "x@down.test")
    assert queue() == []
    assert house.eilpost("queue", "show", "nothing", check=False).returncode == 67
