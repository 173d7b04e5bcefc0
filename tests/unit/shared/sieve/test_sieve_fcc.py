"""fcc (RFC 8580)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import FileInto, Keep, Vacation
from tests.support.sieve import actions, compiled

KEEP = Keep(implicit=True)


def _vacation(script: str, *more: str) -> Vacation:
    names = ", ".join(f'"{name}"' for name in ("vacation", *more))
    answer, keep = actions(f"require [{names}]; {script}")
    assert keep == KEEP
    assert isinstance(answer, Vacation)
    return answer


def test_fcc() -> None:
    answer = _vacation('vacation :fcc "Sent" :flags "\\\\Seen" "x";', "fcc", "imap4flags")
    assert answer.fcc == FileInto("Sent", ("\\Seen",))
    with pytest.raises(SieveError):
        compiled('require ["vacation", "fcc", "mailbox"]; vacation :create "x";')
