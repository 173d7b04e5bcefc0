"""environment (RFC 5183): what the script runs in. Unknown items are no error; they match nothing.

Those of IMAP events are known where imapsieve is required (RFC 6785 section 2.1).
"""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve


def _environment(arguments: Arguments) -> TestFunction:
    (name,), matcher = arguments.texts(0), arguments.matcher(arguments.texts(1))

    has_events = "imapsieve" in arguments.required

    def test(run: Run) -> bool:
        item = resolve(name, run).lower()
        value = run.context.environment.get(item)
        if value is None or (item.startswith("imap.") and not has_events):
            return False
        return matcher(run, (value,) if value or not arguments.is_count else ())

    return test


EXTENSION = Extension(
    "environment", tests=(TestRow("environment", _environment, (Value.STRING, Value.STRINGS), matches=True),)
)
