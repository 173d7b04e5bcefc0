"""A whole installation whose large bodies are in S3, which goes away and comes back."""

from __future__ import annotations

import imaplib
import poplib
import smtplib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.mail import PASSWORD, fetched, imap, letter, new_account, send, wait_messages
from tests.support.house import House, running_house, until
from tests.support.objects import S3Server, running_s3

pytestmark = pytest.mark.integration

TEXT = "A line of a large letter, of which there are many.\r\n" * 20_000


@pytest.fixture(scope="module")
def own_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def house_on_s3(own_s3: S3Server) -> Iterator[House]:
    with running_house(environment={**own_s3.environment("house"), "EILPOST_STORAGE__COMPRESSION": "zstd"}) as house:
        yield house


def test_large_letters_are_put_off_while_the_store_is_away_and_small_ones_go_on(
    house_on_s3: House, own_s3: S3Server
) -> None:
    house = house_on_s3
    address = new_account(house)
    large = letter(address, "large", TEXT)
    send(house, address, large)
    wait_messages(house, address, 1)
    client = imap(house, address)
    (_, octets), *_ = fetched(client, "1", "(BODY.PEEK[])")
    assert octets.endswith(large)
    own_s3.kill()
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"], timeout=60) as sender:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            sender.sendmail("friend@example.net", [address], letter(address, "also large", TEXT))
        assert 400 <= refused.value.smtp_code < 500
        assert sender.sendmail("friend@example.net", [address], letter(address, "small")) == {}
    wait_messages(house, address, 2)
    assert_read_later(house, address, client)
    own_s3.start_blocking()
    until(lambda: client.fetch("1", "(BODY.PEEK[])")[0] == "OK", 30)
    send(house, address, letter(address, "large again", TEXT))
    wait_messages(house, address, 3)


def answered(answer: tuple[str, list[Any]]) -> tuple[str, bytes]:
    """Status and code of an answer of imaplib."""
    return answer[0], answer[1][0].partition(b" ")[0]


def assert_read_later(house: House, address: str, client: imaplib.IMAP4) -> None:
    """What is large cannot be read now, and says so; the sessions go on."""
    assert answered(client.fetch("1", "(UID FLAGS BODY.PEEK[])")) == ("NO", b"[UNAVAILABLE]")
    assert client.fetch("1", "(BODY.PEEK[HEADER])")[0] == "OK"
    assert client.fetch("2", "(BODY.PEEK[])")[0] == "OK"
    draft = letter(address, "draft", TEXT)
    assert answered(client.append("INBOX", "", "", draft)) == ("NO", b"[UNAVAILABLE]")
    maildrop = poplib.POP3("127.0.0.1", house.ports["pop3"], timeout=30)
    maildrop.user(address)
    maildrop.pass_(PASSWORD)
    with pytest.raises(poplib.error_proto, match="SYS/TEMP"):
        maildrop.retr(1)
    assert maildrop.retr(2)[0].startswith(b"+OK")
    maildrop.quit()


def test_what_is_stored_compressed_is_served_as_it_came(house_on_s3: House, own_s3: S3Server) -> None:
    address = new_account(house_on_s3)
    send(house_on_s3, address, letter(address, "large", TEXT))
    wait_messages(house_on_s3, address, 1)
    client = imap(house_on_s3, address)
    size = int(fetched(client, "1", "(RFC822.SIZE)")[0].split()[-1].rstrip(b")"))
    (_, octets), *_ = fetched(client, "1", "(BODY.PEEK[])")
    assert len(octets) == size
    (_, middle), *_ = fetched(client, "1", "(BODY.PEEK[]<400000.3000>)")
    assert middle == octets[400_000:403_000]
    assert all(Path(path).suffix == ".zst" for path in own_s3.paths("house") if "/" in path)
