"""Abuse case 59, in short: a few rounds of the drill that `make chaos` runs at length."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.house import ROOT

pytestmark = pytest.mark.integration


def test_case_59_processes_die_under_load_and_nothing_is_lost() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--kills", "4", "--seed", "59", "--patience", "60"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert " 0 lost, 0 doubled, 0 rules broken" in result.stdout
