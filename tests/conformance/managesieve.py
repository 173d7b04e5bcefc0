"""Protocol scripts for ManageSieve, each with an account of its own."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.scripts import play
from tests.conformance.verdict import Verdict, absent
from tests.support.house import DOMAIN, running_house

PASSWORD = "secret"
ACCOUNTS = 50
SETTINGS = f'\n[storage.login]\ndefault_domain = "{DOMAIN}"\n'


def run(folder: Path) -> Verdict:
    """All scripts under ``folder / "managesieve"``, against a house of our own."""
    scripts = folder / "managesieve"
    if not (folder / "run.py").is_file() or not scripts.is_dir():
        return absent("managesieve", scripts)
    verdict = Verdict("managesieve")
    with running_house(settings=SETTINGS) as house:
        house.add_accounts([f"ms{number}" for number in range(1, ACCOUNTS + 1)], PASSWORD)
        login = ("--user", "ms{n}", "--password", PASSWORD)
        play(folder, "managesieve", scripts, house.ports["managesieve"], login, verdict)
    return verdict
