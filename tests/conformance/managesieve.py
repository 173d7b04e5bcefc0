"""Protocol scripts for ManageSieve, run by the runner that comes with them against a house of our own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conformance.verdict import Verdict, absent
from tests.support.house import DOMAIN, running_house

PASSWORD = "secret"
ACCOUNTS = 50
SECONDS = 300
SETTINGS = f'\n[storage.login]\ndefault_domain = "{DOMAIN}"\n'


def run(folder: Path) -> Verdict:
    """All scripts under ``folder / "managesieve"``, each with an account of its own."""
    scripts = folder / "managesieve"
    if not (folder / "run.py").is_file() or not scripts.is_dir():
        return absent("managesieve", scripts)
    with (
        tempfile.TemporaryDirectory(prefix="eilpost-scripts-") as scratch,
        running_house(settings=SETTINGS) as house,
    ):
        house.add_accounts([f"ms{number}" for number in range(1, ACCOUNTS + 1)], PASSWORD)
        results = Path(scratch) / "results.json"
        command = [sys.executable, str(folder / "run.py"), "--protocol", "managesieve"]
        command += ["--port", str(house.ports["managesieve"]), "--user", "ms{n}", "--password", PASSWORD]
        command += ["--scripts", str(scripts), "--json", str(results)]
        if (file := folder / "lists" / "managesieve-not-counted.txt").is_file():
            command += ["--not-counted", str(file)]
        subprocess.run(command, check=False, timeout=SECONDS, stdout=subprocess.DEVNULL)
        return _verdict(json.loads(results.read_text()))


def _verdict(results: list[dict[str, str]]) -> Verdict:
    verdict = Verdict("managesieve")
    for result in results:
        name = f"managesieve/{result['name']}"
        if result["status"] == "PASS":
            verdict.passed.append(name)
        elif result["status"] == "FAIL":
            verdict.failed.append((name, result["why"]))
        else:
            verdict.skipped.append((name, result["why"]))
    return verdict
