"""Postfix and Dovecot as Debian ships them, for the same workloads on the same machine in the same hour.

A figure by itself says as much about the machine as about the server. Postfix hands letters to Dovecot by LMTP;
mail lies in Maildirs. Every password is right, so logins cost Dovecot no hashing.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import trustme

from tests.support.house import until
from tests.support.ports import free_ports
from tests.support.postfix import is_installed, running_postfix

DOVECOT = "/usr/sbin/dovecot"
DOMAIN = "rival.test"
_CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
disable_plaintext_auth = no
auth_mechanisms = plain
mail_location = maildir:~/Maildir
mail_max_userip_connections = 0
default_client_limit = 12000
default_process_limit = 3000
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%n
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""
_POSTFIX = """
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
"""


def is_here() -> bool:
    """Whether both are installed, and we may run them."""
    return is_installed() and Path(DOVECOT).exists()


class Rival:
    """Both servers; ``ports`` are smtp, imap and pop3."""

    def __init__(self, folder: Path, ports: dict[str, int], roots: list[int]) -> None:
        self.ports = ports
        self._folder = folder
        self._roots = roots

    @property
    def authority(self) -> Path:
        return self._folder / "ca.pem"

    def settle(self) -> None:
        """Nothing is done behind what was asked for."""

    def add_accounts(self, names: Iterable[str], password: str) -> list[str]:
        """Nothing to do: every name is an account, every password its own."""
        return [f"{name}@{DOMAIN}" for name in names]

    def cpu_seconds(self) -> float:
        total = 0.0
        for root in map(psutil.Process, self._roots):
            for process in (root, *root.children(recursive=True)):
                try:
                    times = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                total += times.user + times.system + times.children_user + times.children_system
        return total

    def cpu_by_service(self) -> dict[str, float]:
        return {}

    def pids(self, service: str) -> list[int]:
        """None: what a workload wants started anew is new for every session here."""
        return []


@contextmanager
def running_rival() -> Iterator[Rival]:
    """Both started in folders of their own."""
    ports = free_ports(["smtp", "imap", "pop3", "lmtp"])
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "nobody", "nogroup")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    configuration = folder / "dovecot.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, **ports))
    with running_postfix(
        ports["smtp"], DOMAIN, {"nobody.invalid": "error:nobody"}, _POSTFIX.format(**ports)
    ) as postfix:
        process = subprocess.Popen([DOVECOT, "-F", "-c", str(configuration)], cwd=folder)
        try:
            until((folder / "run" / "master.pid").exists, 20)
            postfix_master = int((postfix.folder / "queue" / "pid" / "master.pid").read_text())
            yield Rival(folder, ports, [process.pid, postfix_master])
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(folder, ignore_errors=True)
