"""The compose file, run for real: a copy of its folder with a certificate, and the commands that drive it."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from services.admin.master.certificates import ensure_certificate
from tests.deploy.chart import ROOT

ADDRESS = "127.86.0.1"  # where the balancer's ports are published: loopback, and nobody else's
HOSTNAME = "mail.example.org"
PATIENCE = 300.0  # seconds for one command


class Composition:
    """One project of compose. ``program`` is what runs compose files here."""

    def __init__(self, folder: Path, program: tuple[str, ...]) -> None:
        self._program = program
        self._folder = folder / "compose"
        shutil.copytree(ROOT / "deploy" / "compose", self._folder)
        ensure_certificate(folder / "made", (HOSTNAME,), datetime.datetime.now(datetime.UTC))
        for made, wanted in (("certificate.pem", "tls.crt"), ("key.pem", "tls.key")):
            shutil.copy(folder / "made" / made, self._folder / "tls" / wanted)
            (self._folder / "tls" / wanted).chmod(0o644)

    def compose(self, *arguments: str, stdin: str = "") -> str:
        return _run((*self._program, *arguments), stdin=stdin, folder=self._folder)

    def containers(self, service: str) -> list[str]:
        """Their ids."""
        return self.compose("ps", "--quiet", service).split()

    def services(self) -> list[str]:
        return self.compose("config", "--services").split()

    def images(self) -> set[str]:
        """What its containers are made from."""
        services = yaml.safe_load((self._folder / "compose.yaml").read_text())["services"]
        return {service["image"] for service in services.values()}

    def eilpost(self, *arguments: str, stdin: str = "") -> str:
        """The command line, in storage's container."""
        return self.compose("exec", "-T", "storage", "eilpost", *arguments, stdin=stdin)

    def health(self) -> dict[str, str]:
        """What each container with a health check, by its name, says of itself."""
        found = (state(container) for service in self.services() for container in self.containers(service))
        return {each["Name"]: each["State"]["Health"]["Status"] for each in found if "Health" in each["State"]}


def docker(*arguments: str) -> str:
    return _run(("docker", *arguments))


def state(container: str) -> dict[str, Any]:
    """All that the daemon knows of it."""
    found: dict[str, Any] = json.loads(docker("inspect", container))[0]
    return found


def fails(container: str, command: str) -> bool:
    """Whether a shell command in it does not succeed."""
    done = subprocess.run(["docker", "exec", container, "sh", "-c", command], capture_output=True, check=False)
    return done.returncode != 0


def status(container: str) -> dict[str, str]:
    """The fields of /proc/1/status: user and capabilities of its first process."""
    lines = docker("exec", container, "cat", "/proc/1/status").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def listening(container: str) -> set[int]:
    """Ports that anybody in it listens on, except the resolver that docker itself puts at 127.0.0.11."""
    lines = docker("exec", container, "cat", "/proc/net/tcp", "/proc/net/tcp6").splitlines()
    sockets = [line.split() for line in lines if line.lstrip()[0].isdigit()]
    places = [fields[1].split(":") for fields in sockets if fields[3] == "0A"]
    return {int(port, 16) for address, port in places if address != "0B00007F"}


def _run(command: tuple[str, ...], *, stdin: str = "", folder: Path | None = None) -> str:
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "EILPOST_ADDRESS": ADDRESS},
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout
