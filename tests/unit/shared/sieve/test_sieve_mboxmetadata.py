"""mboxmetadata (RFC 5490 section 3)."""

from __future__ import annotations

import pytest

from shared.sieve.outcome import Question
from tests.support.sieve import holds, outcome

FACTS = {
    Question("metadata", ("A", "/private/comment")): "Some words",
    Question("metadata", ("A", "/shared/comment")): "",
    Question("metadata", ("A", "/private/none")): None,
}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('metadata "A" "/private/comment" "some WORDS"', True),
        ('metadata :contains "A" "/Private/Comment" ["x", "word"]', True),  # names are case-insensitive
        ('metadata "A" "/shared/comment" ""', True),
        ('metadata :contains "A" "/private/none" ""', False),  # none matches nothing
        ('metadataexists "A" ["/private/comment", "/shared/comment"]', True),
        ('metadataexists "A" ["/private/comment", "/private/none"]', False),
    ],
)
def test_annotations(test: str, expected: bool) -> None:
    assert holds(test, "mboxmetadata", facts=FACTS) is expected


def test_what_is_asked() -> None:
    result = outcome('require "mboxmetadata"; if metadata "A" "/PRIVATE/x" "y" {}')
    assert result.unknown == (Question("metadata", ("A", "/private/x")),)
