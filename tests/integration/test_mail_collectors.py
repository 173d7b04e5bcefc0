"""Programs that fetch mail by POP3 (fetchmail, getmail, mpop) and keep Sieve scripts (sieve-connect), for real."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.mail import PASSWORD, letter, new_account, send, wait_messages
from tests.support.house import DOMAIN, House

pytestmark = pytest.mark.integration

LETTERS = 3
SCRIPT = 'require ["fileinto"];\nif header :contains "subject" "folder" { fileinto "Archive"; }\n'


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


def run(*command: str, cwd: Path, stdin: str = "", expected: int = 0) -> str:
    result = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LC_ALL": "C.UTF-8"},
    )
    assert result.returncode == expected, (command, result.stdout, result.stderr)
    return result.stdout + result.stderr


def filled(house: House) -> str:
    address = new_account(house, "collected")
    for number in range(LETTERS):
        send(house, address, letter(address, f"letter {number}", ".a dot\r\nIt works.\r\n"))
    wait_messages(house, address, LETTERS)
    return address


def secret(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def collected(folder: Path) -> list[str]:
    """What lies in a maildir."""
    return sorted(path.read_text() for path in (folder / "new").iterdir())


def maildir(path: Path) -> Path:
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True)
    return path


def right(texts: list[str]) -> bool:
    return len(texts) == LETTERS and all("\n.a dot\nIt works.\n" in text.replace("\r\n", "\n") for text in texts)


@needs("fetchmail")
@pytest.mark.parametrize("listener", ["pop3", "pop3s"])
def test_fetchmail(house: House, tmp_path: Path, listener: str) -> None:
    address, box = filled(house), tmp_path / "mail"
    options = "ssl" if listener == "pop3s" else "sslproto tls1.2+"
    settings = secret(
        tmp_path / "fetchmailrc",
        f'poll localhost protocol pop3 port {house.ports[listener]} user "{address}" password "{PASSWORD}" '
        f'{options} sslcertck sslcertfile "{house.authority}" fetchall mda "/bin/sh -c \'cat >>{box}\'"\n',
    )
    run("fetchmail", "-f", str(settings), "--nodetach", "--pidfile", str(tmp_path / "pid"), cwd=tmp_path)
    assert box.read_text().count("\n.a dot\nIt works.\n") == LETTERS
    run("fetchmail", "-f", str(settings), "--nodetach", "--pidfile", str(tmp_path / "pid"), cwd=tmp_path, expected=1)


@needs("getmail")
def test_getmail(house: House, tmp_path: Path) -> None:
    address, box = filled(house), tmp_path / "mail"
    secret(
        tmp_path / "getmailrc",
        f"[retriever]\ntype = SimplePOP3SSLRetriever\nserver = localhost\nport = {house.ports['pop3s']}\n"
        f"username = {address}\npassword = {PASSWORD}\nca_certs = {house.authority}\n"
        f'[destination]\ntype = MDA_external\npath = /bin/sh\narguments = ("-c", "cat >>{box}")\n'
        f"unixfrom = false\nallow_root_commands = true\n[options]\ndelete = true\nread_all = true\n",
    )
    run("getmail", f"--getmaildir={tmp_path}", cwd=tmp_path)
    run("getmail", f"--getmaildir={tmp_path}", cwd=tmp_path)
    assert box.read_text().count("\n.a dot\nIt works.\n") == LETTERS


@needs("mpop")
@pytest.mark.parametrize("method", ["user", "plain", "scram-sha-256"])
def test_mpop(house: House, tmp_path: Path, method: str) -> None:
    address, box = filled(house), maildir(tmp_path / "box")
    house.eilpost("user", "password", address, "--password-stdin", stdin=PASSWORD)  # which makes SCRAM's verifiers
    settings = secret(
        tmp_path / "mpoprc",
        f"account default\nhost localhost\nport {house.ports['pop3']}\nuser {address}\npassword {PASSWORD}\n"
        f"auth {method}\ntls on\ntls_starttls on\ntls_trust_file {house.authority}\n"
        f"delivery maildir {box}\nkeep off\nuidls_file {tmp_path}/uidls\n",
    )
    run("mpop", f"--file={settings}", cwd=tmp_path)
    assert right(collected(box))


@needs("sieve-connect")
def test_sieve_connect(house: House, tmp_path: Path) -> None:
    address = f"sieve-connect@{DOMAIN}"
    house.eilpost("user", "add", address, "--password-stdin", stdin=PASSWORD)
    (tmp_path / "rules.sieve").write_text(SCRIPT)
    (tmp_path / "wrong.sieve").write_text("keep\n")

    def ask(*command: str, expected: int = 0) -> str:
        return run(
            "sieve-connect", "--server", "localhost", "--port", str(house.ports["managesieve"]), "--user", address,
            "--passwordfd", "0", "--tlscafile", str(house.authority), "--tlshostname", "localhost", *command,
            cwd=tmp_path, stdin=f"{PASSWORD}\n", expected=expected,
        )  # fmt: skip

    ask("--upload", "--localsieve", "rules.sieve", "--remotesieve", "rules")
    ask("--activate", "--remotesieve", "rules")
    assert '"rules" ACTIVE' in ask("--list")
    ask("--download", "--remotesieve", "rules", "--localsieve", "again.sieve")
    assert (tmp_path / "again.sieve").read_text() == SCRIPT
    ask("--upload", "--localsieve", "wrong.sieve", "--remotesieve", "rules", expected=1)
    send(house, address, letter(address, "into the folder"))
    wait_messages(house, address, 1, "Archive")
    ask("--deactivate")
    ask("--delete", "--remotesieve", "rules")
    assert "rules" not in ask("--list")
