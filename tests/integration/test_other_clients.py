"""Programs that people use: curl, mbsync and neomutt, in batch mode, against the whole installation."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.mail import PASSWORD, account_with_scram, imap, letter, new_account, send, wait_messages
from tests.support.house import House

pytestmark = pytest.mark.integration


def run(*command: str, stdin: bytes = b"", **environment: str) -> bytes:
    result = subprocess.run(
        command, input=stdin, capture_output=True, timeout=60, env=environment or None, check=False
    )
    assert result.returncode == 0, (command, result.stdout, result.stderr)
    return result.stdout


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@needs("curl")
@pytest.mark.parametrize(("scheme", "port", "extra"), [
    ("smtp", "smtp", ()),
    ("smtp", "submission", ("--ssl-reqd",)),
    ("smtps", "submissions", ()),
])  # fmt: skip
def test_curl_sends(house: House, scheme: str, port: str, extra: tuple[str, ...]) -> None:
    address = new_account(house)
    login = () if port == "smtp" else ("--user", f"{address}:{PASSWORD}")
    sender = "friend@example.net" if port == "smtp" else address
    octets = letter(address).replace(b"friend@example.net", sender.encode())
    run("curl", "-sS", "--cacert", str(house.authority), *extra, *login, f"{scheme}://localhost:{house.ports[port]}",
        "--mail-from", sender, "--mail-rcpt", address, "-T", "-", stdin=octets)  # fmt: skip
    wait_messages(house, address, 1)


@needs("curl")
@pytest.mark.parametrize(("url", "extra"), [
    ("imap://localhost:{imap}/INBOX;MAILINDEX=1", ()),
    ("imap://localhost:{imap}/INBOX;MAILINDEX=1", ("--ssl-reqd",)),
    ("imaps://localhost:{imaps}/INBOX;MAILINDEX=1", ()),
    ("pop3://localhost:{pop3}/1", ()),
    ("pop3://localhost:{pop3}/1", ("--ssl-reqd",)),
    ("pop3s://localhost:{pop3s}/1", ()),
])  # fmt: skip
def test_curl_fetches(house: House, url: str, extra: tuple[str, ...]) -> None:
    address = new_account(house)
    send(house, address, letter(address))
    wait_messages(house, address, 1)
    fetched = run("curl", "-sS", "--cacert", str(house.authority), *extra, "--user", f"{address}:{PASSWORD}",
                  url.format(**house.ports))  # fmt: skip
    assert b"It works." in fetched


MBSYNC = """
IMAPAccount eilpost
Host localhost
Port {port}
User {address}
Pass {password}
{tls}
CertificateFile {authority}

IMAPStore far
Account eilpost

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""


@needs("mbsync")
def test_mbsync_keeps_two_sides_equal(house: House, tmp_path: Path) -> None:
    address = new_account(house)
    for number in range(3):
        send(house, address, letter(address, f"letter {number}"))
    wait_messages(house, address, 3)
    folder = tmp_path / "mail"
    folder.mkdir()
    configuration = tmp_path / "mbsyncrc"
    tls = "TLSType IMAPS" if b"TLSType" in run("mbsync", "--help") + mbsync_version() else "SSLType IMAPS"
    configuration.write_text(
        MBSYNC.format(port=house.ports["imaps"], address=address, password=PASSWORD, tls=tls,
                      authority=house.authority, folder=folder)
    )  # fmt: skip
    run("mbsync", "-c", str(configuration), "-a", HOME=str(tmp_path), PATH="/usr/bin:/bin")
    letters = sorted((folder / "INBOX").glob("*/*"))
    assert len(letters) == 3
    seen = letters[0]
    (folder / "INBOX" / "cur").mkdir(exist_ok=True)
    seen.rename(folder / "INBOX" / "cur" / (seen.name.partition(":")[0] + ":2,FS"))
    gone = letters[1]
    gone.rename(folder / "INBOX" / "cur" / (gone.name.partition(":")[0] + ":2,T"))
    (folder / "INBOX" / "new" / "1.upload.local").write_bytes(
        letter(address, "from the other side").replace(b"\r\n", b"\n")
    )
    run("mbsync", "-c", str(configuration), "-a", HOME=str(tmp_path), PATH="/usr/bin:/bin")
    client = imap(house, address)
    assert client.search(None, "ALL")[1] == [b"1 2 3"]
    assert len(client.search(None, "FLAGGED", "SEEN")[1][0].split()) == 1
    assert client.search(None, "SUBJECT", '"from the other side"')[1] == [b"3"]


def mbsync_version() -> bytes:
    return subprocess.run(["mbsync", "--version"], capture_output=True, timeout=10, check=False).stdout.replace(
        b"isync 1.5", b"TLSType"
    )


@needs("neomutt")
def test_neomutt_flags_moves_and_deletes(house: House, tmp_path: Path) -> None:
    address = new_account(house)
    for number in range(3):
        send(house, address, letter(address, f"letter {number}"))
    wait_messages(house, address, 3)
    imap(house, address, None).create("Kept")
    configuration = tmp_path / "neomuttrc"
    configuration.write_text(f"""
set imap_user = "{address}"
set imap_pass = "{PASSWORD}"
set folder = "imaps://localhost:{house.ports["imaps"]}/"
set spool_file = "+INBOX"
set certificate_file = "{house.authority}"
set ssl_ca_certificates_file = "{house.authority}"
set header_cache = ""
set sort = mailbox-order
set confirm_append = no
set delete = yes
set quit = yes
set save_empty = no
set mail_check = 0
push "<first-entry><flag-message><first-entry><next-entry><delete-message><last-entry>\
<save-message><kill-line>+Kept<enter><sync-mailbox><quit>"
""")
    run("script", "-qec", f"neomutt -n -F {configuration}", "/dev/null", HOME=str(tmp_path), PATH="/usr/bin:/bin",
        TERM="xterm")  # fmt: skip
    client = imap(house, address)
    assert client.search(None, "ALL")[1] == [b"1"]
    assert client.search(None, "FLAGGED")[1] == [b"1"]
    client.select("Kept")
    assert client.search(None, "SUBJECT", '"letter 2"')[1] == [b"1"]


@needs("neomutt")
def test_neomutt_sends(house: House, tmp_path: Path) -> None:
    address, friend = account_with_scram(house), new_account(house)
    configuration = tmp_path / "neomuttrc"
    configuration.write_text(f"""
set from = "{address}"
set smtp_url = "smtps://{address.replace("@", "%40")}@localhost:{house.ports["submissions"]}/"
set smtp_pass = "{PASSWORD}"
set certificate_file = "{house.authority}"
set ssl_ca_certificates_file = "{house.authority}"
set record = ""
""")
    run("neomutt", "-n", "-F", str(configuration), "-s", "from neomutt", friend, stdin=b"Hello.\n",
        HOME=str(tmp_path), PATH="/usr/bin:/bin", TERM="xterm")  # fmt: skip
    wait_messages(house, friend, 1)
