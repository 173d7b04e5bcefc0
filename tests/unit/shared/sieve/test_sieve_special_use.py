"""special-use (RFC 8579)."""

from __future__ import annotations

from shared.sieve.outcome import FileInto, Question
from tests.support.sieve import actions, holds


def test_special_use() -> None:
    facts = {Question("special-use", ("\\junk", "")): "1", Question("special-use", ("\\junk", "A")): None}
    assert holds('specialuse_exists "\\\\Junk"', "special-use", facts=facts)
    assert not holds('specialuse_exists "A" "\\\\Junk"', "special-use", facts=facts)
    script = 'require ["special-use", "fileinto"]; fileinto :specialuse "\\\\Junk" "Spam";'
    assert actions(script) == (FileInto("Spam", special_use="\\Junk"),)
