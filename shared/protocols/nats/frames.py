"""What a NATS server sends, as values.

Subjects, reply subjects and header blocks stay bytes: they are compared and routed, seldom read.
"""

from __future__ import annotations

from typing import NamedTuple


class Info(NamedTuple):
    """INFO: the server introduces itself, or tells of a change (lame duck mode, other servers)."""

    server: str
    version: str
    max_payload: int  # octets of headers and payload together
    lame_duck: bool
    headers: bool  # whether HPUB and 'no responders' are understood


class Message(NamedTuple):
    """MSG or HMSG. ``headers`` is the raw block, from ``NATS/1.0`` to its empty line, or b""."""

    subject: bytes
    sid: bytes
    reply: bytes
    headers: bytes
    payload: bytes


class Ping(NamedTuple):
    pass


class Pong(NamedTuple):
    pass


class Ok(NamedTuple):
    pass


class ServerError(NamedTuple):
    """-ERR, without its quotes."""

    text: str

    @property
    def denied(self) -> tuple[str, str] | None:
        """``("publish" | "subscription", subject)`` of a permissions violation, None for other errors."""
        head, found, rest = self.text.partition(" to ")
        if not found or not head.lower().startswith("permissions violation for "):
            return None
        subject = rest.strip().partition('"')[2].partition('"')[0]
        return head.lower().removeprefix("permissions violation for ").split(" ")[0], subject


Frame = Info | Message | Ping | Pong | Ok | ServerError
