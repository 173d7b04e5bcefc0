"""mailbox (RFC 5490)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import FileInto, Question
from tests.support.sieve import actions, compiled, holds, outcome


def test_create_and_mailboxexists() -> None:
    assert actions('require ["mailbox", "fileinto"]; fileinto :create "A";') == (FileInto("A", create=True),)
    facts = {Question("mailbox-exists", ("A",)): "1", Question("mailbox-exists", ("B",)): None}
    assert holds('mailboxexists "A"', "mailbox", facts=facts)
    assert not holds('mailboxexists ["A", "B"]', "mailbox", facts=facts)


def test_an_open_question_is_told() -> None:
    result = outcome('require "mailbox"; if mailboxexists ["A", "B"] { discard; }')
    assert result.unknown == (Question("mailbox-exists", ("A",)), Question("mailbox-exists", ("B",)))


def test_create_needs_mailbox() -> None:
    """Section 3.2."""
    with pytest.raises(SieveError):
        compiled('require "fileinto"; fileinto :create "A";')


def test_all_must_exist() -> None:
    """Section 3.1."""
    facts: dict[Question, str | None] = {Question("mailbox-exists", (name,)): "1" for name in "AB"}
    assert holds('mailboxexists ["A", "B"]', "mailbox", facts=facts)
