"""Why recipients could not be served, before or beside what a server replied."""

from __future__ import annotations

from shared.base.errors import EilpostError


class Undeliverable(EilpostError):
    """All recipients in hand share this fate. ``code`` is enhanced (RFC 3463)."""

    def __init__(self, code: str, reason: str, *, relay: str = "none", response: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.relay = relay
        self.response = response

    @property
    def permanent(self) -> bool:
        """Whether no later attempt will help."""
        return self.code.startswith("5")


class Unreachable(Undeliverable):
    """No server of the destination could be spoken with: what waits for it need not try either."""
