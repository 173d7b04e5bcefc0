"""The error that every parser raises for octets that break its grammar, and nothing else."""

from __future__ import annotations

from shared.base.errors import EilpostError


class ProtocolError(EilpostError):
    """The peer sent what the protocol does not allow."""


class LineTooLong(ProtocolError):
    """A line passed its limit before its end was seen."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"line longer than {limit} octets")
        self.limit = limit
