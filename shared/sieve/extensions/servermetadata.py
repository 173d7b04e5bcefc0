"""servermetadata (RFC 5490 section 4): annotations of the server, as the user sees them."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve, resolve_all


def _metadata(arguments: Arguments) -> TestFunction:
    (name,), matcher = arguments.texts(0), arguments.matcher(arguments.texts(1))

    def test(run: Run) -> bool:
        value = run.ask("server-metadata", resolve(name, run).lower())
        return matcher(run, () if value is None else (value,))

    return test


def _exists(arguments: Arguments) -> TestFunction:
    names = arguments.texts(0)

    def test(run: Run) -> bool:
        answers = [run.ask("server-metadata", name.lower()) for name in resolve_all(names, run)]
        return all(answer is not None for answer in answers)

    return test


EXTENSION = Extension(
    "servermetadata",
    tests=(
        TestRow("servermetadata", _metadata, (Value.STRING, Value.STRINGS), matches=True),
        TestRow("servermetadataexists", _exists, (Value.STRINGS,)),
    ),
)
