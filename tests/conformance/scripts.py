"""Protocol scripts, played by the runner that comes with them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conformance.verdict import Verdict

SECONDS = 300


def play(folder: Path, protocol: str, scripts: Path, port: int, options: Sequence[str], verdict: Verdict) -> None:
    """Add to ``verdict`` what comes of all scripts in the folder ``scripts``; ``folder`` holds the runner."""
    with tempfile.TemporaryDirectory(prefix="eilpost-scripts-") as scratch:
        results = Path(scratch) / "results.json"
        command = [sys.executable, str(folder / "run.py"), "--protocol", protocol, "--port", str(port), *options]
        command += ["--scripts", str(scripts), "--json", str(results)]
        if (file := folder / "lists" / f"{protocol}-not-counted.txt").is_file():
            command += ["--not-counted", str(file)]
        subprocess.run(command, check=False, timeout=SECONDS, stdout=subprocess.DEVNULL)
        for result in json.loads(results.read_text()):
            _note(f"{protocol}/{result['name']}", result, verdict)


def _note(name: str, result: dict[str, str], verdict: Verdict) -> None:
    if result["status"] == "PASS":
        verdict.passed.append(name)
    elif result["status"] == "FAIL":
        verdict.failed.append((name, result["why"]))
    else:
        verdict.skipped.append((name, result["why"]))
