"""``python -m tests.conformance [FOLDER] [SUITE ...]``: suites of others, run against this server.

Their data are not part of the project. The folder that holds them is the argument, or the variable
``EILPOST_CONFORMANCE``, or ``shared/conformance`` beside the project; a suite whose data are not there is skipped.
What cannot pass stands with its reason in ``known.txt``. The exit code is 1 when anything else fails.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.conformance import arc, imap, managesieve, smtp, spf
from tests.conformance.verdict import Verdict, known_failures

SUITES = {"imap": imap.run, "managesieve": managesieve.run, "smtp": smtp.run, "spf": spf.run, "arc": arc.run}
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "conformance"


def main() -> int:
    """Run the suites and say what came of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=os.environ.get("EILPOST_CONFORMANCE", BESIDE))
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; all without")
    options = parser.parse_args()
    known = known_failures()
    verdicts = [SUITES[name](Path(options.folder).resolve()) for name in options.suites or SUITES]
    for verdict in verdicts:
        _tell(verdict, known)
    return 1 if any(name not in known for verdict in verdicts for name, _ in verdict.failed) else 0


def _tell(verdict: Verdict, known: dict[str, str]) -> None:
    for name, reason in verdict.failed:
        print(f"  {name}: {known.get(name) or f'NOT KNOWN: {reason}'}")
    for name, reason in verdict.skipped:
        print(f"  {name}: skipped, {reason}")
    for name in verdict.passed:
        if name in known:
            print(f"  {name}: passes now, and can be taken off the list")
    counts = f"{len(verdict.passed)} passed, {len(verdict.failed)} failed, {len(verdict.skipped)} skipped"
    print(f"{verdict.suite}: {counts}")


if __name__ == "__main__":
    raise SystemExit(main())
