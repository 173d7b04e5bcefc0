"""Protocol scripts for IMAP, run by the runner that comes with them against a house of our own.

Each script wants an empty account of its own and "." between levels.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conformance.verdict import Verdict, absent
from tests.support.house import DOMAIN, running_house

PASSWORD = "secret"
ACCOUNTS = 200
NAMED = ("benwa",)  # to whom a script gives a right
SECONDS = 900
SETTINGS = f'\n[storage.login]\ndefault_domain = "{DOMAIN}"\n'
ENVIRONMENT = {"EILPOST_IMAP__SEPARATOR": ".", "EILPOST_STORAGE__DEFAULT_MAILBOXES": ""}


SELECTING = "SelectedStateSetup.test"  # what many scripts begin with; not every copy of them holds it
MESSAGE = """\
Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
From: Fred Foobar <foobar@Blurdybloop.COM>
Subject: {subject}
To: mooch@owatagu.siam.edu
Message-Id: <B27397-0100000@Blurdybloop.COM>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

{subject}"""


def run(folder: Path) -> Verdict:
    """All scripts under ``folder / "imap"``."""
    if not (folder / "run.py").is_file() or not (folder / "imap").is_dir():
        return absent("imap", folder / "imap")
    with (
        tempfile.TemporaryDirectory(prefix="eilpost-scripts-") as scratch,
        running_house(settings=SETTINGS, environment=ENVIRONMENT) as house,
    ):
        names = [f"mpt{n}{who}" for n in range(1, ACCOUNTS + 1) for who in ("", "b", "c")]
        house.add_accounts([*names, *NAMED], PASSWORD, hashed=False)
        return _verdict(_run(folder, _arranged(folder / "imap", Path(scratch)), house.ports["imap"], Path(scratch)))


def _arranged(scripts: Path, scratch: Path) -> Path:
    """The scripts as the runner expects them: those that need shared mailboxes in a folder of their own."""
    arranged = scratch / "scripts"
    shared = arranged / "aclIntegration"
    shared.mkdir(parents=True)
    for script in scripts.rglob("*.test"):
        place = shared if script.name.startswith("ACLIntegration") else arranged
        (place / script.name).symlink_to(script)
    if not (arranged / SELECTING).exists():
        (arranged / SELECTING).write_text(_selecting())
    return arranged


def _selecting() -> str:
    """A mailbox of four messages is made and selected."""
    lines = ["C: s0 CREATE selected", "S: s0 OK .*"]
    for number in range(1, 5):
        message = MESSAGE.format(subject=f"Test 0{number}").split("\n")
        lines.append(f"C: s{number} APPEND selected {{{sum(len(line) + 2 for line in message)}+}}")
        lines += [f"C: {line}" for line in message]
        lines += ["C: ", f"S: s{number} OK .*"]
    return "\n".join([*lines, "C: s5 SELECT selected", "S: s5 OK .*", ""])


def _run(folder: Path, scripts: Path, port: int, scratch: Path) -> list[dict[str, str]]:
    results = scratch / "results.json"
    command = [sys.executable, str(folder / "run.py"), "--port", str(port), "--user", "mpt{n}"]
    command += ["--password", PASSWORD, "--scripts", str(scripts), "--json", str(results)]
    command += ["--other-prefix", "#user.{user}.", "--other-inbox", "#user.{user}.INBOX"]
    for option, name in (("--waive", "imap-waive.txt"), ("--not-counted", "imap-not-counted.txt")):
        if (file := folder / "lists" / name).is_file():
            command += [option, str(file)]
    subprocess.run(command, check=False, timeout=SECONDS, stdout=subprocess.DEVNULL)
    found: list[dict[str, str]] = json.loads(results.read_text())
    return found


def _verdict(results: list[dict[str, str]]) -> Verdict:
    verdict = Verdict("imap")
    for result in results:
        name = f"imap/{result['name']}"
        if not result["counted"]:
            verdict.skipped.append((name, "left to the server, or only for another one"))
        elif result["status"] == "PASS":
            verdict.passed.append(name)
        elif result["status"] == "FAIL":
            verdict.failed.append((name, result["why"]))
        else:
            verdict.skipped.append((name, result["why"]))
    return verdict
