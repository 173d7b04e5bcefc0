"""A real S3 server for tests (SeaweedFS), killed at will and started again on the same ports with what it had."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
import trio
from obstore.exceptions import BaseError
from obstore.store import S3Store

from services.storage import config
from tests.support.house import Down, until
from tests.support.ports import free_ports

BINARY = Path(sys.executable).parent / "weed"
ACCESS_KEY = "eilpost-test"
SECRET_KEY = "not a real secret"
BUCKET = "mail"
REGION = "us-east-1"
PROBE = "probe"
PARTS = ("master", "volume", "filer", "s3")


class S3Server:
    """One process on loopback, its data in ``folder``."""

    def __init__(self, folder: Path) -> None:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ports = free_ports(name for part in PARTS for name in (f"{part}.port", f"{part}.port.grpc"))
        self._log = folder / "s3.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.endpoint = f"http://127.0.0.1:{self._ports['s3.port']}"
        self.secret_file = folder / "secret.key"
        self.secret_file.write_text(SECRET_KEY)
        self._identities.write_text(
            json.dumps(
                {
                    "identities": [
                        {
                            "name": "eilpost",
                            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                            "actions": ["Admin", "Read", "Write", "List"],
                        }
                    ]
                }
            )
        )

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def _identities(self) -> Path:
        return self._folder / "identities.json"

    def settings(self, prefix: str) -> dict[str, Any]:
        """Of storage: bodies under ``prefix`` in the bucket."""
        objects = config.Objects(self.endpoint, REGION, ACCESS_KEY, self.secret_file)
        return {"blobs": f"s3://{BUCKET}/{prefix}", "objects": objects}

    def environment(self, prefix: str) -> dict[str, str]:
        """The same as variables."""
        settings = self.settings(prefix)
        objects = settings["objects"]
        values = {
            f"OBJECTS__{name.upper()}": getattr(objects, name) for name in ("endpoint", "region", "key", "secret")
        }
        values["BLOBS"] = settings["blobs"]
        return {f"EILPOST_STORAGE__{name}": str(value) for name, value in values.items()}

    def store(self, prefix: str = "") -> S3Store:
        """The bucket, to look into behind storage's back."""
        options: Any = {"allow_http": True, "timeout": "5s", "connect_timeout": "2s"}
        return S3Store(
            BUCKET,
            prefix=prefix or None,
            endpoint=self.endpoint,
            region=REGION,
            access_key_id=ACCESS_KEY,
            secret_access_key=SECRET_KEY,
            client_options=options,
            retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=5)},
        )

    def paths(self, prefix: str = "") -> list[str]:
        """The names of all objects."""
        return sorted(found["path"] for found in obstore.list(self.store(prefix)).collect())

    async def start(self) -> None:
        """Return once an object can be written."""
        await trio.to_thread.run_sync(self.start_blocking)

    def start_blocking(self) -> None:
        """The same, for those who block."""
        command = [str(BINARY), "-logtostderr", "server", f"-dir={self._folder / 'data'}", "-s3"]
        command += [
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.telemetry=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]
        command += ["-master.volumeSizeLimitMB=64", "-volume.max=40", "-master.electionTimeout=1s"]
        command += [f"-s3.config={self._identities}", f"-filer.localSocket={self._folder / 'filer.sock'}"]
        command += [f"-{name}={number}" for name, number in self._ports.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until(self._answers, 60, lambda: self.log[-4000:])
        obstore.delete(self.store(), PROBE)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise Down(self.log)
        try:
            obstore.put(self.store(), PROBE, b"anybody there?")
        except (BaseError, OSError):
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, and reap."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@asynccontextmanager
async def s3_server(folder: Path) -> AsyncIterator[S3Server]:
    """A server that answers, stopped at the end. ``folder`` is its own."""
    server = S3Server(folder)
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """The same, for those who block."""
    server = S3Server(folder)
    try:
        server.start_blocking()
        yield server
    finally:
        server.kill()
