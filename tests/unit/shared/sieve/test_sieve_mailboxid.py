"""mailboxid (RFC 9042)."""

from __future__ import annotations

from shared.sieve.outcome import FileInto, Question
from tests.support.sieve import actions, holds


def test_mailboxid() -> None:
    assert holds('mailboxidexists "F7"', "mailboxid", facts={Question("mailbox-id", ("F7",)): "1"})
    assert actions('require ["mailboxid", "fileinto"]; fileinto :mailboxid "F7" "A";') == (
        FileInto("A", mailbox_id="F7"),
    )
