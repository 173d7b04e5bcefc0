"""The file that ``eilpost user import`` reads."""

from __future__ import annotations

import pytest

from services.admin.user import read_entries
from shared.contracts.directory import AccountNew


def test_passwords_and_hashes_are_told_apart() -> None:
    text = "# staff\nanna@example.org\tcorrect horse\n\nbob@example.org\t{ARGON2ID}$argon2id$v=19$x\n"
    assert list(read_entries(text)) == [
        AccountNew("anna@example.org", "correct horse"),
        AccountNew("bob@example.org", "{ARGON2ID}$argon2id$v=19$x", hashed=True),
    ]


@pytest.mark.parametrize("line", ["anna@example.org", "anna@example.org\t", "\tsecret"])
def test_a_broken_line_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        list(read_entries(f"# first\n{line}\n"))
