"""spamtest (RFC 5235 section 2): the score from "1" (clear of spam) to "10"; "0" when nobody has looked."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TestFunction, TestRow, Value
from shared.sieve.run import Run


def _spamtest(arguments: Arguments) -> TestFunction:
    matcher, as_percent = arguments.matcher(arguments.texts(0)), arguments.has("percent")

    def test(run: Run) -> bool:
        score = run.context.spam
        if arguments.is_count:
            return matcher(run, () if score is None else ("",))
        return matcher(run, (spam_value(score, as_percent=as_percent),))

    return test


def spam_value(score: float | None, *, as_percent: bool) -> str:
    """What the test compares, for a score from 0 to 1."""
    if score is None:
        return "0"
    bounded = min(max(score, 0.0), 1.0)
    return str(round(bounded * 100)) if as_percent else str(1 + round(bounded * 9))


EXTENSION = Extension("spamtest", tests=(TestRow("spamtest", _spamtest, (Value.STRING,), matches=True),))
