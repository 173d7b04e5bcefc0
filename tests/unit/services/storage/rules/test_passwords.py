"""Password hashes of ours and of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storage.rules import crypt_hashes
from services.storage.rules.passwords import (
    UnknownScheme,
    check_secret,
    hash_password,
    outdated,
    verify_password,
)

SECRET = "pässword"
FOREIGN = {
    "{PLAIN}pässword": True,
    "{SSHA}KWelTLOi//WZhN3Ndeby1RRAGxYxMjM0NTY3OA==": True,
    "{ssha}AWelTLOi//WZhN3Ndeby1RRAGxYxMjM0NTY3OA==": False,
    "{SHA256}not base64!": False,
}


def test_ours_is_verified_and_up_to_date() -> None:
    secret = hash_password(SECRET, b"0123456789abcdef")
    assert verify_password(secret, SECRET)
    assert not verify_password(secret, SECRET + "x")
    assert not outdated(secret)


@pytest.mark.parametrize(("secret", "good"), FOREIGN.items())
def test_foreign_ones_are_verified_and_outdated(secret: str, good: bool) -> None:
    assert verify_password(secret, SECRET) is good
    assert outdated(secret)


SHA512 = "$6$saltsalt$rVIyJtXnL0mXUCLepstXWqeOv9JVyd7nOH8wn0BvOU5lCiAviUJLxXZ5CkPgq6XNTHV22yG4mV0IO9gqPL5WQ."
BCRYPT = "$2b$05$abcdefghijklmnopqrstuucZGbUxuMlEqps0qcu2pjhO7vaatQZIC"


@pytest.mark.skipif(not crypt_hashes.AVAILABLE, reason="no libcrypt on this system")
@pytest.mark.parametrize("secret", [SHA512, f"{{SHA512-CRYPT}}{SHA512}", f"{{BLF-CRYPT}}{BCRYPT}", BCRYPT])
def test_crypt_hashes_are_verified_and_outdated(secret: str) -> None:
    assert verify_password(check_secret(secret), SECRET)
    assert not verify_password(secret, "wrong")
    assert outdated(check_secret(secret))


@pytest.mark.parametrize(
    "secret",
    ["", "plain text", "{MD5}abc", "{BLF-CRYPT}$6$no", "{ARGON2ID}$argon2id$v=19$m=9999999,t=1,p=1$a$b", "{PLAIN}"],
)
def test_what_cannot_be_verified_is_not_imported(secret: str) -> None:
    with pytest.raises(UnknownScheme):
        check_secret(secret)


@given(st.text(max_size=80), st.text(max_size=20))
def test_no_secret_and_no_password_break_anything(secret: str, password: str) -> None:
    verify_password(secret, password)
