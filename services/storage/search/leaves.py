"""From a `Leaf` to a test of one candidate."""

from __future__ import annotations

import operator
from collections.abc import Callable

from services.storage.search.candidate import Candidate
from shared.contracts.errors import Code, Refused
from shared.contracts.search import Field, Leaf
from shared.mail.fold import fold

Test = Callable[[Candidate], bool]

_COMPARISONS: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    (">=", operator.ge),
    ("<", operator.lt),
    ("=", operator.eq),
)


def compile_leaf(leaf: Leaf) -> Test:
    """The test that ``leaf`` asks for. Raises `Refused` (MALFORMED) for a comparison of dates that is none."""
    text = fold(leaf.text)
    if leaf.field is Field.SENT:
        return _sent(leaf.text)
    if leaf.field is Field.HEADER:
        return lambda candidate: candidate.has(leaf.name, text)
    if leaf.field is Field.BODY:
        return lambda candidate: text in candidate.body_text
    return lambda candidate: (
        text in candidate.header_text or text in candidate.body_text or text in candidate.inside_text
    )


def reads_bodies(leaf: Leaf) -> bool:
    """Whether the test looks beyond the header block."""
    return leaf.field in (Field.BODY, Field.TEXT)


def _sent(text: str) -> Test:
    fits = day_test(text)
    return lambda candidate: _judge(candidate, fits)


def day_test(text: str) -> Callable[[int], bool]:
    """The comparison of days that a leaf for `Field.SENT` spells. Raises `Refused` (MALFORMED) where it is none."""
    for sign, compare in _COMPARISONS:
        if text.startswith(sign):
            try:
                day = int(text[len(sign) :])
            except ValueError:
                break
            return lambda each: compare(each, day)
    raise Refused(Code.MALFORMED, "not a comparison of dates")


def _judge(candidate: Candidate, fits: Callable[[int], bool]) -> bool:
    verdicts = set(map(fits, candidate.days()))
    if len(verdicts) > 1:
        verdicts = set(map(fits, candidate.exact_days))
    return True in verdicts
