"""mailboxid (RFC 9042): file by the id of a mailbox, which stays when its name changes."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve_all


def _exists(arguments: Arguments) -> TestFunction:
    numbers = arguments.texts(0)

    def test(run: Run) -> bool:
        answers = [run.ask("mailbox-id", number) for number in resolve_all(numbers, run)]
        return all(answer is not None for answer in answers)

    return test


EXTENSION = Extension(
    "mailboxid",
    tests=(TestRow("mailboxidexists", _exists, (Value.STRINGS,)),),
    tags={"fileinto": (TagRow("mailboxid", Value.STRING),)},
)
