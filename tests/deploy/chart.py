"""The chart, rendered by the real helm."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "eilpost"
RELEASE = "mail"
Manifest = dict[str, Any]


def helm() -> str:
    """The program: installed beside Python, or on the machine."""
    beside = Path(sys.executable).with_name("helm")
    found = str(beside) if beside.exists() else shutil.which("helm")
    if found is None:
        pytest.skip("helm is not installed")
    return found


def render(*settings: str) -> list[Manifest]:
    """All manifests with ``--set`` values like ``fronts.imap.scaling.enabled=true``."""
    arguments = [part for setting in settings for part in ("--set", setting)]
    done = subprocess.run(
        [helm(), "template", RELEASE, str(CHART), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    """Manifests of one kind by name, without the release's."""
    return {
        manifest["metadata"]["name"].removeprefix(f"{RELEASE}-"): manifest
        for manifest in manifests
        if manifest["kind"] == kind
    }


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """The pod specification of every workload."""
    found = {
        name: manifest["spec"]["template"]["spec"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for name, manifest in of_kind(manifests, kind).items()
    }
    for name, manifest in of_kind(manifests, "CronJob").items():
        found[name] = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return found
