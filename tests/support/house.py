"""A whole installation for tests: real processes, the real bus, its own ports and data.

Blocking on purpose: the clients that tests drive (imaplib, smtplib, curl, mbsync) block as well.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from pysqlite3 import dbapi2

from services.admin.master.development import PORTS, render_configuration
from tests.support.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
EILPOST = (sys.executable, "-m", "services.admin")
DOMAIN = "eilpost.test"
START_SECONDS = 120.0  # on a machine that others use as well
INDEX_SECONDS = 300.0
# Nobody answers there: what a test finds must not hang on what the machine's resolver says of example.org.
NO_NAMES = '\n[dns]\nnameservers = ["127.0.0.1:9"]\n'


class Down(AssertionError):
    """The installation did not come up; the text holds the end of its log."""


class House:
    """One installation in ``data``. ``settings`` is TOML text that is added to the development configuration;
    ``environment`` is for keys of tables that stand there already. ``database`` is a URL for storage, of which
    several replicas may run on PostgreSQL; "" is a file of its own."""

    def __init__(
        self,
        data: Path,
        *,
        replicas: Mapping[str, int] | None = None,
        settings: str = "",
        environment: Mapping[str, str] | None = None,
        database: str = "",
    ) -> None:
        self.data = data
        defaults = {"EILPOST_STORAGE__DATABASE": database, "EILPOST_MASTER__START_TIMEOUT": str(START_SECONDS)}
        self._environment = {**os.environ, **defaults, **(environment or {})}
        self.ports = free_ports(PORTS)
        self._replicas = dict(replicas or {})
        self._process: subprocess.Popen[bytes] | None = None
        data.mkdir(parents=True, exist_ok=True)
        named = "" if "[dns]" in settings else NO_NAMES
        self.config.write_text(render_configuration(self.ports) + named + settings)

    @property
    def config(self) -> Path:
        return self.data / "eilpost.toml"

    @property
    def log(self) -> Path:
        return self.data / "house.log"

    @property
    def development(self) -> dict[str, Any]:
        """What the installation says of itself in dev.json."""
        found: dict[str, Any] = json.loads((self.data / "dev.json").read_text())
        return found

    @property
    def address(self) -> str:
        return str(self.development["address"])

    @property
    def password(self) -> str:
        return str(self.development["password"])

    @property
    def authority(self) -> Path:
        """The certificate authority's file."""
        return self.data / "tls" / "ca.pem"

    def start(self) -> None:
        """Start and wait until ready, or raise `Down`."""
        command = [*EILPOST, "up", "--development", "--data", str(self.data)]
        for service, count in self._replicas.items():
            command += [f"--{service}", str(count)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=self._environment,
            )
        self._wait_ready(self._process)

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        def ready() -> bool:
            if process.poll() is not None:
                raise Down(f"exit code {process.returncode}\n{self.log.read_text()[-4000:]}")
            try:
                return bool(self.development["ready"]) and self.development["master"] == process.pid
            except (OSError, ValueError, KeyError):
                return False

        until(ready, START_SECONDS, lambda: self.log.read_text()[-4000:])

    def stop(self) -> int:
        """Drain and end; the master's exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(120)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def pids(self, service: str) -> list[int]:
        """Process ids of one service ("broker" included) as they are now."""
        return [int(pid) for pid in self.development["processes"].get(service, [])]

    def processes(self) -> list[psutil.Process]:
        """The master and all its children."""
        assert self._process is not None
        master = psutil.Process(self._process.pid)
        return [master, *master.children(recursive=True)]

    def cpu_seconds(self, *, master: bool = False) -> float:
        """CPU time that the services and the broker have used so far."""
        total = 0.0
        for process in self.processes()[0 if master else 1 :]:
            times = process.cpu_times()
            total += times.user + times.system
        return total

    def cpu_by_service(self) -> dict[str, float]:
        """CPU seconds by service."""
        found: dict[str, float] = {}
        for service, pids in self.development["processes"].items():
            for pid in pids:
                times = psutil.Process(pid).cpu_times()
                found[service] = found.get(service, 0.0) + times.user + times.system
        return found

    def eilpost(self, *arguments: str, stdin: str = "", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the command line against this installation."""
        result = subprocess.run(
            [*EILPOST, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=120,
            check=False,
            env={**self._environment, "EILPOST_CONFIG": str(self.config)},
        )
        if check and result.returncode:
            raise AssertionError(
                f"eilpost {' '.join(arguments)}: {result.returncode}\n{result.stdout}{result.stderr}"
            )
        return result

    def settle(self) -> None:
        """Wait until the word index has caught up."""
        until(self._indexed, INDEX_SECONDS)

    def _indexed(self) -> bool:
        database = dbapi2.connect(f"file:{self.data / 'storage' / 'eilpost.db'}?mode=ro", uri=True)
        try:
            found = database.execute(
                "SELECT (SELECT indexed FROM word_index) >= (SELECT max(id) FROM content)"
            ).fetchone()
        finally:
            database.close()
        return bool(found[0])

    def add_accounts(self, names: Iterable[str], password: str, *, hashed: bool = True) -> list[str]:
        """Accounts ``name@DOMAIN`` with one password: hashed, so that logins leave nothing to be renewed behind them,
        or not, so that many are made soon and their first logins are cheap."""
        secret = password if hashed else "{PLAIN}" + password
        addresses = [name if "@" in name else f"{name}@{DOMAIN}" for name in names]
        file = self.data / "accounts.tsv"
        file.write_text("".join(f"{address}\t{secret}\n" for address in addresses))
        self.eilpost("user", "import", str(file))
        return addresses


class AttachedHouse(House):
    """An installation that somebody else has started in ``data``, and will stop."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self._environment = dict(os.environ)
        self.ports = {name: int(listener["port"]) for name, listener in self.development["listeners"].items()}


def until(condition: Callable[[], bool], seconds: float, explain: Callable[[], str] = lambda: "") -> None:
    """Wait for a condition of another process, which nothing announces, by asking for it every 20 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Down(f"not within {seconds:g} s\n{explain()}")
        time.sleep(0.02)


@contextmanager
def running_house(
    *,
    replicas: Mapping[str, int] | None = None,
    settings: str = "",
    environment: Mapping[str, str] | None = None,
    keep: Path | None = None,
    database: str = "",
) -> Iterator[House]:
    """A started installation in a folder of its own, stopped and removed afterwards."""
    data = keep or Path(tempfile.mkdtemp(prefix="eilpost-"))
    house = House(data, replicas=replicas, settings=settings, environment=environment, database=database)
    try:
        house.start()
        yield house
    finally:
        house.stop()
        if keep is None:
            shutil.rmtree(data, ignore_errors=True)
