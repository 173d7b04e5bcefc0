"""servermetadata (RFC 5490 section 4)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import Question
from tests.support.sieve import compiled, holds, outcome

FACTS = {
    Question("server-metadata", ("/private/vendor/x",)): "10",
    Question("server-metadata", ("/shared/comment",)): "",
    Question("server-metadata", ("/private/none",)): None,
}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('servermetadata "/private/vendor/x" "10"', True),
        ('servermetadata "/Private/Vendor/X" ["9", "10"]', True),  # names are case-insensitive
        ('servermetadata :value "gt" :comparator "i;ascii-numeric" "/private/vendor/x" "9"', True),
        ('servermetadata "/shared/comment" ""', True),  # an empty value is one
        ('servermetadata :contains "/private/none" ""', False),  # none matches nothing
        ('servermetadataexists "/private/vendor/x"', True),
        ('servermetadataexists ["/private/vendor/x", "/shared/comment"]', True),
        ('servermetadataexists ["/private/vendor/x", "/private/none"]', False),  # all must be there
    ],
)
def test_annotations_of_the_server(test: str, expected: bool) -> None:
    names = ("servermetadata", "relational", "comparator-i;ascii-numeric")
    assert holds(test, *names, facts=FACTS) is expected


def test_what_is_asked() -> None:
    result = outcome('require "servermetadata"; if servermetadataexists ["/SHARED/a", "/private/b"] {}')
    asked = (Question("server-metadata", ("/shared/a",)), Question("server-metadata", ("/private/b",)))
    assert result.unknown == asked


@pytest.mark.parametrize("name", ["mboxmetadata", "variables"])
def test_it_must_be_required_by_its_own_name(name: str) -> None:
    for test in ('servermetadata "/shared/a" "b"', 'servermetadataexists "/shared/a"'):
        with pytest.raises(SieveError):
            compiled(f'require "{name}"; if {test} {{ keep; }}')
