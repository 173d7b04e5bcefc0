"""Protocol scripts for SMTP, each at the port that it is for: those that log in at the submission port."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.conformance.scripts import play
from tests.conformance.verdict import Verdict, absent
from tests.support.house import DOMAIN, running_house

PASSWORD = "secret"


def run(folder: Path) -> Verdict:
    """All scripts under ``folder / "smtp"``, against a house of our own."""
    scripts = folder / "smtp"
    if not (folder / "run.py").is_file() or not scripts.is_dir():
        return absent("smtp", scripts)
    verdict = Verdict("smtp")
    with running_house() as house, tempfile.TemporaryDirectory(prefix="eilpost-scripts-") as scratch:
        house.add_accounts(["bob"], PASSWORD)
        login = ("--user", f"bob@{DOMAIN}", "--password", PASSWORD)
        for port in ("smtp", "submission"):
            place = Path(scratch) / port
            place.mkdir()
            for script in scripts.glob("*.test"):
                if ("AUTH" in script.read_text()) is (port == "submission"):
                    (place / script.name).symlink_to(script)
            play(folder, "smtp", place, house.ports[port], login, verdict)
    return verdict
