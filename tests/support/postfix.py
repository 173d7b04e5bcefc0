"""A Postfix of the test's own: its own configuration, queue and port on loopback, for one domain with one mailbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

_SBIN = Path("/usr/lib/postfix/sbin")
_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {sbin}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mail.{domain}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_tls_chain_files = {folder}/server.pem
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtp_tls_loglevel = 1
transport_maps = inline:{{ {transports} }}
{more}
"""
_MASTER = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
postlog unix-dgram n - n - 1 postlogd
"""


def is_installed() -> bool:
    """Whether there is a Postfix, and we may run it."""
    return os.geteuid() == 0 and (_SBIN / "master").exists()


class Postfix:
    """``port`` listens; what comes for anybody at ``domain`` is a file each in `letters`."""

    def __init__(self, folder: Path, port: int, domain: str) -> None:
        self.folder = folder
        self.port = port
        self.domain = domain

    def letters(self) -> list[bytes]:
        """What has arrived."""
        return [file.read_bytes() for file in sorted((self.folder / "mail" / "inbox" / "new").glob("*"))]

    def log(self) -> str:
        """What it says of itself."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def control(self, command: str) -> None:
        """``postfix start`` and the like."""
        subprocess.run(
            ["/usr/sbin/postfix", "-c", str(self.folder / "etc"), command], check=True, capture_output=True
        )


@contextmanager
def running_postfix(port: int, domain: str, transports: dict[str, str], more: str = "") -> Iterator[Postfix]:
    """A started Postfix in a folder of its own; ``transports`` as in transport(5)."""
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    shutil.chown(folder / "mail", 65534, 65534)
    authority = trustme.CA()
    authority.issue_cert(f"mail.{domain}", "localhost").private_key_and_cert_chain_pem.write_to_path(
        str(folder / "server.pem")
    )
    pairs = ", ".join(f"{{ {name} = {where} }}" for name, where in transports.items())
    values = {"folder": folder, "sbin": _SBIN, "domain": domain, "transports": pairs, "more": more}
    (folder / "etc" / "main.cf").write_text(_MAIN.format(**values))
    (folder / "etc" / "master.cf").write_text(_MASTER.format(port=port))
    server = Postfix(folder, port, domain)
    try:
        server.control("start")
        time.sleep(0.5)
        yield server
    finally:
        server.control("stop")
        shutil.rmtree(folder, ignore_errors=True)
