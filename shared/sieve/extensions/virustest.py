"""virustest (RFC 5235 section 3): "0" when nobody has looked, "1" none found … "5" there is one."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TestFunction, TestRow, Value


def _virustest(arguments: Arguments) -> TestFunction:
    matcher = arguments.matcher(arguments.texts(0))
    return lambda run: matcher(run, (str(run.context.virus or 0),))


EXTENSION = Extension("virustest", tests=(TestRow("virustest", _virustest, (Value.STRING,), matches=True),))
