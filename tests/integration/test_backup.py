"""`eilpost backup` and `restore` with whole installations: what comes back, and what an interruption leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.mail import imap, letter, new_account, send, wait_messages
from tests.support.house import DOMAIN, EILPOST, ROOT, House, running_house, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

LARGE = "x" * 70 + "\r\n"
ITEMS = "(FLAGS INTERNALDATE MODSEQ BODY.PEEK[])"


class Mailbox(NamedTuple):
    """What a client sees of a mailbox."""

    uidvalidity: str
    uidnext: int
    messages: Mapping[int, tuple[object, ...]]  # by UID


def look(house: House, address: str) -> dict[str, Mailbox]:
    """All mailboxes of an account as IMAP shows them."""
    client = imap(house, address, None)
    found = {}
    for line in client.list()[1]:
        assert isinstance(line, bytes)
        name = line.decode().rpartition(' "/" ')[2].strip('"')
        status = (client.status(f'"{name}"', "(UIDVALIDITY UIDNEXT)")[1][0] or b"").decode()
        words = status.rpartition("(")[2].rstrip(")").split()
        client.select(f'"{name}"', readonly=True)
        parts = client.uid("FETCH", "1:*", ITEMS)[1]
        messages: dict[int, tuple[object, ...]] = {}
        for part in parts:
            if isinstance(part, tuple):
                head = part[0].decode()
                uid = int(head.partition("UID ")[2].split()[0].rstrip(")"))
                flags = frozenset(head.partition("FLAGS (")[2].partition(")")[0].split()) - {"\\Recent"}
                rest = head.rpartition("INTERNALDATE ")[2].rpartition("MODSEQ")
                messages[uid] = (flags, rest[0], rest[2], part[1])
        found[name] = Mailbox(words[words.index("UIDVALIDITY") + 1], int(words[words.index("UIDNEXT") + 1]), messages)
    client.logout()
    return found


def empty(house: House) -> None:
    """Take away what a development server begins with."""
    house.eilpost("user", "remove", house.address)
    house.eilpost("domain", "remove", DOMAIN)


def populate(house: House, tmp: Path) -> str:
    """An account with something of everything; its address."""
    address, friend = new_account(house, "kept"), new_account(house, "friend")
    for number in range(6):
        send(house, address, letter(address, f"number {number}"))
    send(house, address, letter(address, "large", LARGE * 9_000))
    wait_messages(house, address, 7)
    client = imap(house, address)
    client.store("2:3", "+FLAGS", "(\\Seen $Work)")
    client.store("4", "+FLAGS", "(\\Flagged)")
    client.store("5", "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.create("Projects/2026")
    client.copy("1:2,6", "Projects/2026")
    client.setacl("Projects/2026", friend, "lrs")
    client.append("Sent", "(\\Seen)", '"01-Jan-2020 10:00:00 +0000"', letter(address, "sent"))
    client.logout()
    script = tmp / "filter.sieve"
    script.write_text('require "fileinto"; if header :contains "subject" "junk" { fileinto "Junk"; }')
    house.eilpost("sieve", "put", address, "main", str(script), "--activate")
    house.eilpost("user", "set", address, "--quota", "1G", "--message-quota", "5000")
    house.eilpost("alias", "add", f"all@{DOMAIN}", address)
    house.eilpost("dkim", "generate", DOMAIN)
    return address


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    with running_house() as house:
        yield house, populate(house, tmp_path_factory.mktemp("scripts"))


def test_everything_comes_back_though_mail_went_on_arriving(source: tuple[House, str], tmp_path: Path) -> None:
    house, address = source
    before = look(house, address)
    stop = threading.Event()
    sent = 0

    def deliver() -> None:
        nonlocal sent
        while not stop.is_set():
            send(house, address, letter(address, f"meanwhile {sent}"))
            sent += 1
            stop.wait(0.05)

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        for _ in range(2):
            done = json.loads(house.eilpost("backup", str(tmp_path / "copy"), "--json").stdout)
    finally:
        stop.set()
        thread.join()
    assert done["missing"] == 0
    assert done["copied_contents"] < done["contents"], "what the first backup had is copied again"
    snapshots = json.loads(house.eilpost("backup", str(tmp_path / "copy"), "--list", "--json").stdout)
    assert [each["snapshot"] for each in snapshots][-1] == done["snapshot"]
    after = look(house, address)
    keys = json.loads(house.eilpost("dkim", "show", DOMAIN, "--json").stdout)
    with running_house() as other:
        refused = other.eilpost("restore", str(tmp_path / "copy"), check=False)
        assert (refused.returncode, refused.stderr.count("\n")) == (73, 1)
        empty(other)
        told = json.loads(other.eilpost("restore", str(tmp_path / "copy"), "--json").stdout)
        assert told["messages"] == done["messages"]
        again = other.eilpost("restore", str(tmp_path / "copy"), check=False)
        assert again.returncode == 73
        found = look(other, address)
        assert found.keys() == after.keys()
        for name, mailbox in found.items():
            assert int(mailbox.uidvalidity) > int(after[name].uidvalidity), "clients may know of what is gone"
            back = {uid: message for uid, message in mailbox.messages.items() if uid < after[name].uidnext}
            assert before[name].messages.keys() <= back.keys() <= after[name].messages.keys()
            assert all(after[name].messages[uid] == message for uid, message in back.items())
            assert mailbox.uidnext > after[name].uidnext, "a UID that was given out after the backup may come again"
        everything_else_is_there(other, address, json.dumps(keys))
        proved = other.eilpost("verify", "--deep").stdout
        assert proved.count("\nok") == len(proved.splitlines()) - 1
        send(other, f"all@{DOMAIN}", letter(address, "fresh"))
        send(other, f"all@{DOMAIN}", letter(address, "junk"))
        wait_subject(other, address, "INBOX", "fresh")
        wait_subject(other, address, "Junk", "junk")


def wait_subject(house: House, address: str, mailbox: str, subject: str) -> None:
    """Until a letter is there; others that waited in the spool may come as well."""
    client = imap(house, address, mailbox)
    until(lambda: bool(client.noop() and client.search(None, "SUBJECT", subject)[1][0]), 20)
    client.logout()


def everything_else_is_there(house: House, address: str, keys: str) -> None:
    users = {user["address"]: user for user in json.loads(house.eilpost("user", "list", "--json").stdout)}
    assert (users[address]["quota"], users[address]["message_quota"]) == (1 << 30, 5000)
    scripts = json.loads(house.eilpost("sieve", "list", address, "--json").stdout)
    assert [(script["name"], script["active"]) for script in scripts] == [("main", True)]
    assert json.dumps(json.loads(house.eilpost("dkim", "show", DOMAIN, "--json").stdout)) == keys
    friend = next(name for name in users if name.startswith("friend"))
    client = imap(house, friend, None)
    assert client.select(f'"#user/{address.partition("@")[0]}/Projects/2026"', readonly=True)[0] == "OK"
    client.logout()


def test_a_killed_backup_is_none_and_the_next_one_goes_on(source: tuple[House, str], tmp_path: Path) -> None:
    house, _ = source
    folder = tmp_path / "copy"
    for attempt in range(20):
        assert kill_in_the_middle(house, folder, attempt * 0.02), "the backup was over before it could be killed"
        if list(folder.glob("snapshots/*")):
            break
    assert list(folder.glob("snapshots/*/*.z")), "it was killed before it had begun"
    assert not list(folder.glob("snapshots/*/manifest.json"))
    refused = house.eilpost("restore", str(folder), check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (66, 1)
    done = json.loads(house.eilpost("backup", str(folder), "--json").stdout)
    assert [path.parent.name for path in folder.glob("snapshots/*/manifest.json")] == [done["snapshot"]]
    assert len(list(folder.glob("snapshots/*"))) == 1


def kill_in_the_middle(house: House, folder: Path, delay: float) -> bool:
    """SIGKILL a backup ``delay`` seconds after its first table is begun; False when it was faster."""
    environment = {**os.environ, "EILPOST_CONFIG": str(house.config)}
    process = subprocess.Popen(
        [*EILPOST, "backup", str(folder)], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    until(lambda: bool(list(folder.glob("snapshots/*/*.z"))) or process.poll() is not None, 30)
    process.send_signal(signal.SIGSTOP)
    whole = bool(list(folder.glob("snapshots/*/manifest.json")))
    time.sleep(delay / 100)
    process.kill()
    process.wait()
    return not whole


def test_a_damaged_backup_is_not_restored_as_if_it_were_whole(source: tuple[House, str], tmp_path: Path) -> None:
    house, address = source
    folder = tmp_path / "copy"
    house.eilpost("backup", str(folder))
    table = next(folder.glob("snapshots/*/account.z"))
    octets = table.read_bytes()
    table.write_bytes(octets[:-1] + bytes([octets[-1] ^ 1]))
    with running_house() as other:
        empty(other)
        refused = other.eilpost("restore", str(folder), check=False)
        assert (refused.returncode, refused.stderr.count("\n")) == (65, 1)
        assert "account.z" in refused.stderr
        other.eilpost("domain", "add", "alive.test")
        other.eilpost("domain", "remove", "alive.test")
        table.write_bytes(octets)
        (pack,) = folder.glob("packs/*.pack")
        packed = bytearray(pack.read_bytes())
        packed[len(packed) // 2] ^= 0xFF
        pack.write_bytes(bytes(packed))
        part = other.eilpost("restore", str(folder), check=False)
        assert part.returncode == 65
        assert "1 contents are not in the backup, or damaged" in part.stderr
        found = look(other, address)
        texts = [message[-1] for mailbox in found.values() for message in mailbox.messages.values()]
        lost = [text for text in texts if isinstance(text, bytes) and b"was lost on the mail server" in text]
        assert lost
        assert len(texts) == sum(len(mailbox.messages) for mailbox in look(house, address).values())
        wrong = other.eilpost("verify", check=False)
        assert wrong.returncode == 1
        assert "WRONG  messages" in wrong.stdout
        assert f"messages: {address} " in wrong.stdout, "a finding does not say whose message it is"
        planned = other.eilpost("repair", "--dry-run").stdout
        assert "would be written anew" in planned
        assert json.loads(other.eilpost("verify", "--json", check=False).stdout)["findings"]
        assert "its size is " in other.eilpost("repair").stdout
        assert other.eilpost("repair").stdout == "nothing is wrong\n"
        assert not json.loads(other.eilpost("verify", "--deep", "--json").stdout)["findings"]
        assert '"event":"storage.repaired"' in other.log.read_text()


def test_one_account_comes_back_beside_what_it_has(source: tuple[House, str], tmp_path: Path) -> None:
    house, _ = source
    folder = tmp_path / "copy"
    address = new_account(house, "regretful")
    for number in range(3):
        send(house, address, letter(address, f"regret {number}"))
    send(house, address, letter(address, "large regret", LARGE * 9_000))
    wait_messages(house, address, 4)
    client = imap(house, address)
    client.store("2", "+FLAGS", "(\\Flagged $Later)")
    client.append("Sent", "(\\Seen)", '"01-Jan-2020 10:00:00 +0000"', letter(address, "sent"))
    before = look(house, address)
    house.eilpost("backup", str(folder))
    client.store("1:*", "+FLAGS", "\\Deleted")
    client.expunge()
    client.logout()
    back = json.loads(house.eilpost("restore", str(folder), "--account", address, "--json").stdout)
    root = back[0]["mailbox"].rpartition("/")[0]
    assert root.startswith("Restored/2")
    assert sorted((each["mailbox"], each["messages"]) for each in back) == [(f"{root}/INBOX", 4), (f"{root}/Sent", 1)]
    house.eilpost("restore", str(folder), "--account", address.upper(), "--mailbox", "sent")
    found = look(house, address)
    assert not found["INBOX"].messages
    assert len(found[f"{root}/Sent"].messages) == 2
    assert without_modseq(found[f"{root}/INBOX"]) == without_modseq(before["INBOX"])
    for arguments in (("--account", f"nobody@{DOMAIN}"), ("--account", address, "--mailbox", "Nowhere")):
        refused = house.eilpost("restore", str(folder), *arguments, check=False)
        assert (refused.returncode, refused.stderr.count("\n")) == (67, 1)


def without_modseq(mailbox: Mailbox) -> list[tuple[object, ...]]:
    """Flags, date and octets, in the order of UIDs."""
    return [(flags, date, octets) for flags, date, _, octets in mailbox.messages.values()]


def test_without_its_account_on_the_bus_nothing_is_copied(source: tuple[House, str], tmp_path: Path) -> None:
    house, _ = source
    password = house.data / "secrets" / "backup.password"
    held = password.read_text()
    password.unlink()
    try:
        refused = house.eilpost("backup", str(tmp_path / "copy"), check=False)
    finally:
        password.write_text(held)
    assert (refused.returncode, refused.stderr.count("\n")) == (78, 1)
