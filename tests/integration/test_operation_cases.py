"""What breaks around a whole installation, and what nobody may write into its log: abuse cases 55, 62, 66 to 68, 71.

These clients come in a fixed order to one installation of their own, which has to be well after each of them.
"""

from __future__ import annotations

import imaplib
import io
import json
import os
import poplib
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest

from tests.integration.mail import PASSWORD, imap, letter, new_account, send, wait_messages
from tests.support.house import ROOT, House, running_house, until
from tests.support.managesieve_client import ManageSieveClient
from tests.support.ports import free_row

pytestmark = pytest.mark.integration

PROCESSES = 6
HEALTH = free_row(PROCESSES)
LARGE = 400_000  # octets: a file of its own
CANARY = "canary-in-a-coal-mine-31415"
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def battered() -> Iterator[House]:
    environment = {"EILPOST_LOG__LEVEL": "debug"}
    with running_house(settings=f"\n[health]\nport = {HEALTH}\n", environment=environment) as started:
        yield started


def lines(house: House) -> list[str]:
    """The log's lines, without what the master tells its user."""
    return [line for line in house.log.read_text(errors="replace").splitlines() if line.startswith("{")]


def events(house: House, name: str) -> list[dict[str, object]]:
    return [event for event in map(json.loads, lines(house)) if event["event"] == name]


# --- bus ---


@contextmanager
def silent_broker(house: House) -> Iterator[None]:
    """The broker's connections stand and nothing moves on them: a partition that no reset announces."""
    (pid,) = house.pids("broker")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_case_68_a_silent_bus_is_temporary_trouble_within_ten_seconds(battered: House) -> None:
    address = new_account(battered)
    reader = imap(battered, address)
    processes = {pid: psutil.Process(pid) for pid in battered.pids("imap") + battered.pids("smtp")}
    files = {pid: process.num_fds() for pid, process in processes.items()}
    with smtplib.SMTP("127.0.0.1", battered.ports["smtp"], timeout=20) as client:
        client.ehlo()
        client.mail("friend@example.net")
        assert client.rcpt(address)[0] == 250
        assert client.docmd("DATA")[0] == 354
        with silent_broker(battered):
            began = time.monotonic()
            client.send(letter(address) + b"\r\n.\r\n")
            code, text = client.getreply()
            assert time.monotonic() - began < 10.5
            assert (code, text[:5]) == (451, b"4.3.0")
            status, said = reader.append("INBOX", "", "", letter(address))
            assert (status, said[0][:13]) == ("NO", b"[UNAVAILABLE]")
        began = time.monotonic()
        until(lambda: reader.append("INBOX", "", "", letter(address))[0] == "OK", 10)
        assert time.monotonic() - began < 5
    assert reader.logout()[0] == "BYE"
    until(lambda: all(process.num_fds() <= files[pid] + 1 for pid, process in processes.items()), 10)


def test_case_68_fifty_mebibytes_cross_a_bus_of_one(battered: House) -> None:
    address = new_account(battered)
    body = (b"x" * 998 + b"\r\n") * (49 * 1024)
    with smtplib.SMTP("127.0.0.1", battered.ports["smtp"], timeout=120) as client:
        client.sendmail("friend@example.net", [address], letter(address) + body)
    wait_messages(battered, address, 1)
    reader = imap(battered, address)
    _, rows = reader.fetch("1", "(BODY.PEEK[TEXT])")
    assert isinstance(rows[0], tuple)
    assert rows[0][1].endswith(body)
    reader.logout()


# --- bodies ---


def large(address: str) -> bytes:
    return letter(address) + b"".join(os.urandom(38).hex().encode() + b"\r\n" for _ in range(LARGE // 78))


def bodies(house: House) -> set[Path]:
    return {path for path in (house.data / "storage" / "blobs").rglob("*") if path.is_file()}


def test_case_67_a_body_that_is_gone_is_unavailable_and_the_session_goes_on(battered: House) -> None:
    address = new_account(battered)
    reader, before = imap(battered, address), bodies(battered)
    assert reader.append("INBOX", "", "", large(address))[0] == "OK"
    assert reader.append("INBOX", "", "", letter(address))[0] == "OK"
    (file,) = bodies(battered) - before
    aside = battered.data / "aside"
    os.replace(file, aside)
    status, said = reader.fetch("1", "(BODY.PEEK[])")
    assert status == "NO"
    assert b"UNAVAILABLE" in (said[0] if isinstance(said[0], bytes) else b"")
    assert reader.fetch("2", "(BODY.PEEK[])")[0] == "OK"
    with closing(poplib.POP3("127.0.0.1", battered.ports["pop3"], timeout=20)) as drop:
        drop.user(address)
        drop.pass_(PASSWORD)
        with pytest.raises(poplib.error_proto, match="SYS/TEMP"):
            drop.retr(1)
        assert drop.retr(2)[0].startswith(b"+OK")
        drop.quit()
    os.replace(aside, file)
    assert reader.fetch("1", "(BODY.PEEK[])")[0] == "OK"
    reader.logout()


def test_case_67_a_dead_store_of_bodies_puts_letters_off(battered: House) -> None:
    address, blobs = new_account(battered), battered.data / "storage" / "blobs"
    shutil.move(blobs, battered.data / "blobs-aside")
    blobs.write_text("in the way")
    try:
        with smtplib.SMTP("127.0.0.1", battered.ports["smtp"], timeout=30) as client:
            began = time.monotonic()
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("friend@example.net", [address], large(address))
            assert time.monotonic() - began < 10.5
            assert refused.value.smtp_code == 451
        send(battered, address, letter(address))
        wait_messages(battered, address, 1)
    finally:
        blobs.unlink()
        shutil.move(battered.data / "blobs-aside", blobs)
    send(battered, address, large(address))
    wait_messages(battered, address, 2)


def archive() -> bytes:
    """A few kilobytes that would be 64 MiB, with names that lead out of any folder, and a link."""
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        made.writestr("../../../escaped.txt", "wordwithinarchive")
        made.writestr("/tmp/eilpost-escaped.txt", "wordwithinarchive")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("bomb", bytes(64 * MEBIBYTE))
    return octets.getvalue()


def test_case_55_archives_are_never_unpacked(battered: House) -> None:
    address = new_account(battered)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "friend@example.net", address, "Archive"
    message.set_content("Look inside.")
    packed = archive()
    message.add_attachment(packed, maintype="application", subtype="zip", filename="../../innocent.zip")
    processes = [psutil.Process(pid) for name in ("storage", "smtp", "imap") for pid in battered.pids(name)]
    before = [process.memory_info().rss for process in processes]
    send(battered, address, message.as_bytes().replace(b"\n", b"\r\n"))
    wait_messages(battered, address, 1)
    reader = imap(battered, address)
    assert reader.search(None, "TEXT", "wordwithinarchive") == ("OK", [b""])
    assert reader.search(None, "TEXT", "inside") == ("OK", [b"1"])
    _, rows = reader.fetch("1", "(BODY.PEEK[2])")
    assert isinstance(rows[0], tuple)
    assert b64encode(packed) == rows[0][1].replace(b"\r\n", b"")
    reader.logout()
    assert all(p.memory_info().rss < rss + 16 * MEBIBYTE for p, rss in zip(processes, before, strict=True))
    assert not Path("/tmp/eilpost-escaped.txt").exists()
    assert not [path for path in battered.data.rglob("*") if path.name in ("escaped.txt", "bomb", "innocent.zip")]


# --- the database ---


def test_case_66_a_second_storage_process_is_refused_in_one_line(battered: House) -> None:
    command = [sys.executable, "-m", "services.storage", "--config", str(battered.config)]
    environment = {**os.environ, "EILPOST_STORAGE__PORT__PORT": "0", "EILPOST_HEALTH__PORT": "0"}
    result = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "another storage process" in result.stderr
    send(battered, address := new_account(battered), letter("x@y"))
    wait_messages(battered, address, 1)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_case_62_a_disk_that_cannot_sync_ends_storage_and_loses_nothing(battered: House) -> None:
    address = new_account(battered)
    send(battered, address, letter(address, "before"))
    wait_messages(battered, address, 1)
    (pid,) = battered.pids("storage")
    inject = ["-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO"]
    with subprocess.Popen(
        ["strace", "-f", *inject, "-o", "/dev/null", "-p", str(pid)], stderr=subprocess.PIPE
    ) as trace:
        assert trace.stderr is not None
        assert b"attached" in trace.stderr.readline()
        accepted = 0
        for number in range(3):
            with suppress(smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused):
                send(battered, address, letter(address, f"during {number}"))
                accepted += 1
        until(lambda: battered.pids("storage") not in ([], [pid]), 20)
        trace.kill()
    assert events(battered, "storage.fatal")
    until(lambda: imap(battered, address).logout()[0] == "BYE", 20)
    wait_messages(battered, address, 1 + accepted)


# --- log and metrics ---


def series(house: House) -> set[tuple[int, str]]:
    """The time series of all processes, by port of the process; histograms by their sums and counts."""
    found = set()
    for port in range(HEALTH, HEALTH + PROCESSES):
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            text = page.read().decode()
            assert CANARY not in text
            names = {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}
            found |= {(port, name) for name in names if "_bucket{" not in name}
    return found


def say(port: int, *said: bytes) -> None:
    """Whatever comes back, and whether or not anybody listens to the end."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.recv(1000)
        for octets in said:
            client.sendall(octets)
            client.recv(1000)


def log_in_everywhere(house: House, user: str, password: str) -> None:
    plain = b64encode(f"\0{user}\0{password}".encode())
    say(house.ports["submission"], b"EHLO x\r\n", b"AUTH PLAIN " + plain + b"\r\n")
    with suppress(imaplib.IMAP4.error):
        imaplib.IMAP4("127.0.0.1", house.ports["imap"], timeout=20).login(user, password)
    with suppress(poplib.error_proto), closing(poplib.POP3("127.0.0.1", house.ports["pop3"], timeout=20)) as client:
        client.user(user)
        client.pass_(password)
    with closing(ManageSieveClient(house.ports["managesieve"])) as sieve:
        sieve.login(user, password)


def test_case_71_nobody_writes_our_log_and_no_secret_is_in_it(battered: House) -> None:
    address = new_account(battered)
    forged = b'x"},\x1b[31m{"event":"forged","level":"error"}'
    send(battered, address, letter(address, '\x1b[2J{"event":"forged"}' + "s" * 20_000))
    say(battered.ports["smtp"], b"EHLO " + forged + b"\r\n", b"MAIL FROM:<" + forged + b"@x>\r\n")
    say(battered.ports["smtp"], b"EHLO " + b"y" * MEBIBYTE + b"\r\n")
    say(battered.ports["imap"], b"a LOGIN {%d+}\r\n%b pw\r\n" % (len(forged), forged), b'b ID ("name" "\x1b[1m")\r\n')
    say(battered.ports["pop3"], b"USER " + forged + b"\r\n", b"PASS " + CANARY.encode() + b"\r\n")
    log_in_everywhere(battered, address, PASSWORD)
    log_in_everywhere(battered, address, CANARY)
    log_in_everywhere(battered, "nobody@eilpost.test", CANARY)
    wait_messages(battered, address, 1)
    text = battered.log.read_text(errors="replace")
    for line in lines(battered):
        assert len(line.encode()) <= 8 * 1024
        assert json.loads(line)["event"] != "forged"
        assert line.isprintable()
    secrets = [CANARY, PASSWORD, b64encode(f"\0{address}\0{PASSWORD}".encode()).decode()]
    secrets += [
        b64encode(f"\0{address}\0{CANARY}".encode()).decode(),
        b64encode(CANARY.encode()).decode().rstrip("="),
    ]
    assert not [secret for secret in secrets if secret in text]
    assert "login.failed" in text
    assert "login.ok" in text


def test_case_71_random_names_make_no_new_time_series(battered: House) -> None:
    address = new_account(battered)

    def batch(salt: str) -> None:
        for number in range(40):
            name = f"{salt}{number}"
            say(battered.ports["smtp"], f"EHLO {name}\r\n".encode(), f"{name} x\r\nRCPT TO:<{name}@x>\r\n".encode())
            say(battered.ports["imap"], f"a {name}\r\nb LOGIN {name} x\r\n".encode())
            say(battered.ports["pop3"], f"{name}\r\n".encode(), f"USER {name}\r\n".encode())
        reader = imap(battered, address)
        for number in range(40):
            reader.create(f"{salt}-{number}")
        reader.logout()

    batch("first")
    before = series(battered)
    batch("stranger")
    new = series(battered) - before
    assert len(new) < 40  # a process may do something of its own for the first time, but not once for each name
    assert not [name for _, name in new if "stranger" in name]
