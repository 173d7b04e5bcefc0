"""mailboxid (RFC 9042)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import FileInto, Question
from tests.support.sieve import actions, compiled, holds

FACTS = {
    Question("mailbox-id", ("F7",)): "1",
    Question("mailbox-id", ("F8",)): "1",
    Question("mailbox-id", ("f7",)): None,
    Question("mailbox-id", ("nothing",)): None,
}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ('mailboxidexists "F7"', True),
        ('mailboxidexists ["F7", "F8"]', True),  # all of them
        ('mailboxidexists ["F7", "nothing"]', False),
        ('mailboxidexists "f7"', False),  # an id is compared octet by octet (RFC 8474)
    ],
)
def test_mailboxidexists(test: str, expected: bool) -> None:
    """Section 5."""
    assert holds(test, "mailboxid", facts=FACTS) is expected


def test_fileinto_by_id() -> None:
    """Section 4: the mailbox of this id, else the one that is named."""
    script = 'require ["mailboxid", "fileinto"]; fileinto :mailboxid "F7" "A";'
    assert actions(script) == (FileInto("A", mailbox_id="F7"),)


def test_with_create_the_name_is_what_is_made() -> None:
    """Section 4.1."""
    script = 'require ["mailboxid", "fileinto", "mailbox"]; fileinto :create :mailboxid "nothing" "A";'
    assert actions(script) == (FileInto("A", create=True, mailbox_id="nothing"),)


def test_with_a_use_the_id_comes_first() -> None:
    """Section 4.2; whoever files looks for the id before the use."""
    script = 'require ["mailboxid", "fileinto", "special-use"];'
    script += 'fileinto :mailboxid "F7" :specialuse "\\\\Junk" "A";'
    assert actions(script) == (FileInto("A", special_use="\\Junk", mailbox_id="F7"),)


def test_it_must_be_required() -> None:
    for script in ('if mailboxidexists "F7" { keep; }', 'fileinto :mailboxid "F7" "A";'):
        with pytest.raises(SieveError):
            compiled(f'require "fileinto"; {script}')
