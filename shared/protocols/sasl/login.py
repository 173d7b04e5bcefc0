"""LOGIN (draft-murchison-sasl-login): user name and password in two responses.

The challenges are "Username:" and "Password:", which the draft allows because a wide-spread client insists
on them. A client may send the user name as initial response.
"""

from __future__ import annotations

from shared.protocols.sasl.mechanism import Challenge, Credentials, Mechanism, Step, text

_USERNAME = Challenge(b"Username:")
_PASSWORD = Challenge(b"Password:")


class Login(Mechanism):
    name = "LOGIN"

    def __init__(self) -> None:
        self._username: str | None = None

    def start(self, initial: bytes | None) -> Step:
        return self.respond(initial) if initial else _USERNAME

    def respond(self, data: bytes) -> Step:
        if self._username is None:
            self._username = text(data, "user name")
            return _PASSWORD
        return Credentials("", self._username, text(data, "password"))
