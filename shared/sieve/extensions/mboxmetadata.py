"""mboxmetadata (RFC 5490 section 3): annotations of a mailbox, as its user sees them."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve, resolve_all


def _metadata(arguments: Arguments) -> TestFunction:
    (mailbox,), (name,), matcher = arguments.texts(0), arguments.texts(1), arguments.matcher(arguments.texts(2))

    def test(run: Run) -> bool:
        value = run.ask("metadata", resolve(mailbox, run), resolve(name, run).lower())
        return matcher(run, () if value is None else (value,))

    return test


def _exists(arguments: Arguments) -> TestFunction:
    (mailbox,), names = arguments.texts(0), arguments.texts(1)

    def test(run: Run) -> bool:
        here = resolve(mailbox, run)
        answers = [run.ask("metadata", here, name.lower()) for name in resolve_all(names, run)]
        return all(answer is not None for answer in answers)

    return test


EXTENSION = Extension(
    "mboxmetadata",
    tests=(
        TestRow("metadata", _metadata, (Value.STRING, Value.STRING, Value.STRINGS), matches=True),
        TestRow("metadataexists", _exists, (Value.STRING, Value.STRINGS)),
    ),
)
