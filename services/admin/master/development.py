"""The development installation: everything on loopback, high ports, one domain and one account to try.

What it makes in its folder and keeps from run to run: ``eilpost.toml`` (yours to edit), ``tls/`` (an authority of its
own), ``secrets/`` (bus passwords), ``dev.json`` (mode 600: what scripts need to use the running server).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from shared.bus.client import Bus
from shared.contracts import directory
from shared.contracts.errors import Code, Refused

DOMAIN = "eilpost.test"
ADDRESS = f"demo@{DOMAIN}"
HOST = "127.0.0.1"
PORTS = {
    "smtp": 2525,
    "lmtp": 2424,
    "submission": 2587,
    "submissions": 2465,
    "pop3": 2110,
    "pop3s": 2995,
    "imap": 2143,
    "imaps": 2993,
    "managesieve": 4190,
    "bus": 4278,
    "data": 4280,
}
_SECURITY = {"submissions": "tls", "pop3s": "tls", "imaps": "tls", "lmtp": "none", "bus": "none", "data": "none"}
_SAID = {"tls": "TLS", "starttls": "plain, STARTTLS", "none": "plain, loopback only"}

_CONFIGURATION = """\
# A development server on loopback. Every key has a default; see the README of each service.

[common]
hostname = "mail.{domain}"

[bus]
url = ["ws://{host}:{bus}"]
credentials = "secrets"

[tls]
certificate = "tls/certificate.pem"
key = "tls/key.pem"

[master]
data = "."

[master.broker]
port = {bus}

[storage]
data = "storage"

[storage.port]
port = {data}

[smtp]
host = "{host}"
port = {smtp}
submission_port = {submission}
submissions_port = {submissions}
lmtp_port = {lmtp}

[imap]
host = "{host}"
port = {imap}
tls_port = {imaps}
commands_per_minute = 0  # scripts that try it out may be faster than users

[pop3]
host = "{host}"
port = {pop3}
tls_port = {pop3s}

[managesieve]
host = "{host}"
port = {managesieve}
"""


def render_configuration(ports: Mapping[str, int]) -> str:
    """The text of ``eilpost.toml``; paths in it count from its own folder."""
    return _CONFIGURATION.format(host=HOST, domain=DOMAIN, **ports)


def ensure_configuration(folder: Path) -> Path:
    """The configuration in ``folder``, made where missing."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "eilpost.toml"
    if not path.exists():
        path.write_text(render_configuration(PORTS))
    return path


async def ensure_account(bus: Bus, notes: Notes) -> str:
    """The password of the account to try, which is created on the first run and noted in ``dev.json``."""
    domains = await bus.call(directory.domain_list, directory.Nothing())
    if not domains.domains:
        await bus.call(directory.domain_add, directory.DomainSet(DOMAIN))
    known = notes.read().get("password")
    if isinstance(known, str) and known:
        return known
    password = secrets.token_urlsafe(12)
    try:
        await bus.call(directory.account_set, directory.AccountSet(ADDRESS, secret=password))
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise
        await bus.call(directory.account_add, directory.AccountsNew((directory.AccountNew(ADDRESS, password),)))
    return password


class Notes:
    """``dev.json``: listeners by name, address, password, process ids by service."""

    def __init__(self, folder: Path, ports: Mapping[str, int], pids: Callable[[], Mapping[str, list[int]]]) -> None:
        self._path = folder / "dev.json"
        self._ports = ports
        self._pids = pids
        self._password = str(self.read().get("password", ""))
        self._ready = False

    def read(self) -> dict[str, object]:
        """What an earlier run noted; empty on the first."""
        try:
            found = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def ready(self, password: str) -> None:
        """All processes are ready, and the account has ``password``."""
        self._password, self._ready = password, True
        self.write()

    def write(self) -> None:
        """Replace the file in one step: a reader finds the old or the new, never a half."""
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._content(), file, indent=2)
        fresh.rename(self._path)

    def _content(self) -> dict[str, object]:
        return {
            "ready": self._ready,
            "master": os.getpid(),
            "listeners": {
                name: {"host": HOST, "port": port, "security": _SECURITY.get(name, "starttls")}
                for name, port in self._ports.items()
            },
            "address": ADDRESS,
            "password": self._password,
            "authority": str((self._path.parent / "tls" / "ca.pem").resolve()),
            "processes": self._pids(),
        }


def banner(ports: Mapping[str, int], password: str, python: str) -> Iterator[str]:
    """What a newcomer needs: where everything listens, who to be, three commands to paste."""
    yield ""
    yield "Eilpost is ready."
    yield ""
    for name, port in ports.items():
        yield f"  {name:12} {HOST}:{port:<6} {_SAID[_SECURITY.get(name, 'starttls')]}"
    yield ""
    yield f"  address   {ADDRESS}"
    yield f"  password  {password}"
    yield ""
    yield "Send a letter, list it by IMAP, fetch it by POP3:"
    yield ""
    yield (
        f"""  {python} -c "import smtplib; smtplib.SMTP('{HOST}', {ports["smtp"]}).sendmail('friend@example.net', """
        f"""'{ADDRESS}', 'Subject: Hello\\r\\n\\r\\nIt works.\\r\\n')\""""
    )
    yield ""
    yield (
        f"""  {python} -c "import imaplib; m = imaplib.IMAP4('{HOST}', {ports["imap"]}); """
        f"""m.login('{ADDRESS}', '{password}'); m.select(); print(m.fetch('1:*', '(FLAGS ENVELOPE)'))\""""
    )
    yield ""
    yield (
        f"""  {python} -c "import poplib; p = poplib.POP3('{HOST}', {ports["pop3"]}); p.user('{ADDRESS}'); """
        f"""p.pass_('{password}'); print(*p.retr(1)[1], sep='\\n')\""""
    )
    yield ""
