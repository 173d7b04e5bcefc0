"""mailbox (RFC 5490 section 3): ``mailboxexists`` and ``fileinto :create``."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve_all


def _exists(arguments: Arguments) -> TestFunction:
    names = arguments.texts(0)

    def test(run: Run) -> bool:
        answers = [run.ask("mailbox-exists", name) for name in resolve_all(names, run)]
        return all(answer is not None for answer in answers)

    return test


EXTENSION = Extension(
    "mailbox",
    tests=(TestRow("mailboxexists", _exists, (Value.STRINGS,)),),
    tags={"fileinto": (TagRow("create"),)},
)
