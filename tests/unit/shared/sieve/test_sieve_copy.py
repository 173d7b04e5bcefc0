"""copy (RFC 3894)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import SieveError
from shared.sieve.outcome import FileInto, Keep, Redirect
from tests.support.sieve import actions, compiled


def test_copy_leaves_the_implicit_keep() -> None:
    assert actions('require ["copy", "fileinto"]; fileinto :copy "A";') == (FileInto("A"), Keep(implicit=True))
    assert actions('require "copy"; redirect :copy "a@b.example";') == (
        Redirect("a@b.example"),
        Keep(implicit=True),
    )
    with pytest.raises(SieveError):
        compiled('redirect :copy "a@b.example";')


def test_it_changes_nothing_else() -> None:
    """Section 3: an implicit keep that another action has cancelled stays cancelled."""
    script = 'require ["copy", "fileinto"]; fileinto "A"; redirect :copy "a@b.example";'
    assert actions(script) == (FileInto("A"), Redirect("a@b.example"))
    assert actions('require ["copy", "fileinto"]; discard; fileinto :copy "A";') == (FileInto("A"),)
