"""fileinto (RFC 5228 section 4.1)."""

from __future__ import annotations

import pytest

from shared.sieve.errors import RunProblem, SieveError
from shared.sieve.outcome import FileInto, Keep
from tests.support.sieve import actions, compiled, outcome


def test_fileinto_files_and_cancels_the_keep() -> None:
    assert actions('require "fileinto"; fileinto "Lists/Été";') == (FileInto("Lists/Été"),)
    assert actions('require "fileinto"; fileinto "A"; fileinto "A"; keep;') == (FileInto("A"), Keep())


def test_a_name_that_cannot_be_one_is_an_error() -> None:
    for name in ("", "a\nb", "x" * 1001):
        assert isinstance(outcome(f'require "fileinto"; fileinto "{name}";').error, RunProblem)


def test_the_same_mailbox_twice_is_no_error() -> None:
    """Section 2.10.3; storage files one copy."""
    assert outcome('require "fileinto"; fileinto "INBOX"; keep; fileinto "inbox";').error is None


def test_fileinto_needs_require_and_one_string() -> None:
    with pytest.raises(SieveError):
        compiled('fileinto "A";')
    with pytest.raises(SieveError):
        compiled('require "fileinto"; fileinto ["A"];')
