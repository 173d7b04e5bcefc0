"""Configurations of containers, read by the services themselves."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from pathlib import Path

from services.admin.master.certificates import ensure_certificate

CHECKED = ("storage", "delivery", "smtp", "imap", "pop3", "managesieve")


def check_all(text: str, folder: Path) -> dict[str, dict[str, int]]:
    """Let every service check ``text``; the ports it would listen on, by name. Paths of containers become ours."""
    ensure_certificate(folder / "tls", ("localhost",), datetime.datetime.now(datetime.UTC))
    secrets = folder / "secrets"
    secrets.mkdir()
    for service in CHECKED:
        (secrets / f"{service}.password").write_text("a password")
    text = text.replace("/etc/eilpost/tls/tls.crt", str(folder / "tls" / "certificate.pem"))
    text = text.replace("/etc/eilpost/tls/tls.key", str(folder / "tls" / "key.pem"))
    text = text.replace("/etc/eilpost/bus/secrets", str(secrets)).replace("/etc/eilpost/bus", str(secrets))
    path = folder / "eilpost.toml"
    path.write_text(text)
    return {service: _check(service, path) for service in CHECKED}


def _check(service: str, path: Path) -> dict[str, int]:
    command = [sys.executable, "-m", "services.admin", "serve", service, "--config", str(path), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {spec["name"]: spec["port"] for spec in json.loads(done.stdout)}
