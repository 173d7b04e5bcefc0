"""Programs and libraries that keep mailboxes in step: offlineimap, interimap, IMAPClient, ImapFlow, curl."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.integration.mail import PASSWORD, fetched, imap, letter, new_account, send, trusting, wait_messages
from tests.integration.test_other_clients import needs, run
from tests.support.house import House

pytestmark = pytest.mark.integration

CLIENTS = Path(__file__).parent / "clients"
PATHS = "/usr/local/bin:/usr/bin:/bin"


def subjects(house: House, address: str, mailbox: str = "INBOX") -> dict[str, str]:
    """Flags by subject."""
    client = imap(house, address, mailbox)
    found: dict[str, str] = {}
    for number in client.search(None, "ALL")[1][0].split():
        head, field = fetched(client, number, "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[0]
        found[field.decode().strip().removeprefix("Subject: ")] = head.decode()
    return found


OFFLINEIMAP = """
[general]
accounts = eilpost
metadata = {folder}/metadata

[Account eilpost]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {folder}/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {port}
remoteuser = {address}
remotepass = {password}
ssl = yes
sslcacertfile = {authority}
"""


@needs("offlineimap")
def test_offlineimap_keeps_two_sides_equal(house: House, tmp_path: Path) -> None:
    address = new_account(house)
    for number in range(3):
        send(house, address, letter(address, f"letter {number}"))
    wait_messages(house, address, 3)
    configuration = tmp_path / "offlineimaprc"
    configuration.write_text(
        OFFLINEIMAP.format(folder=tmp_path, port=house.ports["imaps"], address=address, password=PASSWORD,
                           authority=house.authority)
    )  # fmt: skip
    synchronise = ("offlineimap", "-c", str(configuration), "-o", "-1", "-u", "basic")
    run(*synchronise, HOME=str(tmp_path), PATH=PATHS)
    inbox = tmp_path / "mail" / "INBOX"
    near = {path.read_text().partition("Subject: ")[2].partition("\n")[0]: path for path in inbox.glob("*/*")}
    assert sorted(near) == ["letter 0", "letter 1", "letter 2"]
    near["letter 0"].rename(inbox / "cur" / (near["letter 0"].name.partition(":")[0] + ":2,FS"))
    near["letter 1"].unlink()
    (inbox / "new" / "1.upload.local").write_bytes(letter(address, "from the other side").replace(b"\r\n", b"\n"))
    run(*synchronise, HOME=str(tmp_path), PATH=PATHS)
    far = subjects(house, address)
    assert sorted(far) == ["from the other side", "letter 0", "letter 2"]
    assert "\\Flagged" in far["letter 0"]
    assert "\\Seen" in far["letter 0"]


INTERIMAP = """
database = {folder}/interimap.db
list-mailbox = "*"

[local]
type = imaps
host = localhost
port = {port}
username = {near}
password = {password}
SSL_CAfile = {authority}

[remote]
type = imaps
host = localhost
port = {port}
username = {far}
password = {password}
SSL_CAfile = {authority}
"""


@needs("interimap")
def test_interimap_keeps_two_accounts_equal_by_qresync(house: House, tmp_path: Path) -> None:
    near, far = new_account(house), new_account(house)
    for number in range(3):
        send(house, far, letter(far, f"letter {number}"))
    wait_messages(house, far, 3)
    imap(house, far, None).create("Work/Done")
    configuration = tmp_path / "config"
    configuration.write_text(
        INTERIMAP.format(folder=tmp_path, port=house.ports["imaps"], near=near, far=far, password=PASSWORD,
                         authority=house.authority)
    )  # fmt: skip
    synchronise = ("interimap", f"--config={configuration}", "--quiet")
    run(*synchronise, HOME=str(tmp_path), PATH=PATHS)
    assert sorted(subjects(house, near)) == ["letter 0", "letter 1", "letter 2"]
    with imap(house, near) as client:
        client.append("Work/Done", "", "", letter(near, "from the other side"))
        client.store("1", "+FLAGS", "(\\Flagged)")
        client.store("2", "+FLAGS", "(\\Deleted)")
        client.expunge()
    with imap(house, far) as client:
        client.store("3", "+FLAGS", "(\\Seen)")
    run(*synchronise, HOME=str(tmp_path), PATH=PATHS)
    for account in (near, far):
        found = subjects(house, account)
        assert sorted(found) == ["letter 0", "letter 2"]
        assert "\\Flagged" in found["letter 0"]
        assert "\\Seen" in found["letter 2"]
        assert sorted(subjects(house, account, "Work/Done")) == ["from the other side"]


def test_imapclient(house: House) -> None:
    address = new_account(house)
    with IMAPClient("localhost", house.ports["imaps"], ssl_context=trusting(house), timeout=30) as client:
        client.login(address, PASSWORD)
        assert client.namespace().personal
        client.create_folder("Übung")
        assert "Übung" in [name for _, _, name in client.list_folders()]
        client.select_folder("INBOX")
        client.idle()
        send(house, address, letter(address, "pushed"))
        assert (1, b"EXISTS") in client.idle_check(timeout=10)
        client.idle_done()
        client.append("INBOX", letter(address, "appended"), ("\\Draft",))
        client.multiappend("INBOX", [{"msg": letter(address, "one of two"), "flags": ("\\Seen",)},
                                     letter(address, "two of two")])  # fmt: skip
        client.noop()
        assert client.search(["SUBJECT", "of two"]) == [3, 4]
        assert client.sort("REVERSE SUBJECT") == [4, 1, 3, 2]
        found = client.fetch([1, 3], ["ENVELOPE", "FLAGS", "RFC822.SIZE", "BODY.PEEK[TEXT]", "EMAILID"])
        assert found[1][b"ENVELOPE"].subject == b"pushed"
        assert found[3][b"FLAGS"] == (b"\\Seen", b"\\Recent")
        assert found[3][b"BODY[TEXT]"] == b"It works.\r\n"
        assert client.add_flags([1], ["\\Flagged"]) == {1: (b"\\Flagged", b"\\Recent")}
        client.move([3], "Übung")
        client.copy([4], "Übung")
        client.delete_messages([4])
        client.expunge([4])
        assert client.search() == [1, 2]
        assert client.folder_status("Übung", ["MESSAGES"]) == {b"MESSAGES": 2}


@needs("node")
@pytest.mark.skipif(not (CLIENTS / "node_modules").is_dir(), reason="ImapFlow is not installed")
def test_imapflow(house: House) -> None:
    address = new_account(house)
    node = shutil.which("node") or "node"
    run(node, str(CLIENTS / "imapflow.mjs"), str(house.ports["imaps"]), str(house.authority), address, PASSWORD)


@needs("curl")
def test_curl_stores_searches_and_expunges(house: House, tmp_path: Path) -> None:
    address = new_account(house)
    url = f"imaps://localhost:{house.ports['imaps']}/INBOX"
    curl = ("curl", "-sS", "--cacert", str(house.authority), "--user", f"{address}:{PASSWORD}")
    for subject in ("first", "second"):
        (tmp_path / subject).write_bytes(letter(address, subject))
        run(*curl, url, "-T", str(tmp_path / subject))
    assert run(*curl, f"{url}?SUBJECT%20second") == b"* SEARCH 2\r\n"
    assert b"Subject: first" in run(*curl, f"{url};UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)")
    assert b"\\Deleted" in run(*curl, url, "-X", "STORE 1 +FLAGS (\\Deleted)")
    assert run(*curl, url, "-X", "EXPUNGE") == b"* 1 EXPUNGE\r\n"
    assert sorted(subjects(house, address)) == ["second"]
