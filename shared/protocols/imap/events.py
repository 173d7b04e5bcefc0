"""What `ImapCore.next_event` tells the session."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from shared.protocols.imap.syntax.append import Step


class NeedMore(NamedTuple):
    """Nothing more can be told before more octets are fed."""


class Command(NamedTuple):
    """A whole command. ``value`` is the NamedTuple of `shared.protocols.imap.syntax.<name>`.

    ``name`` is upper case and without "UID", which stands in the value's field ``uid``.
    An APPEND or REPLACE whose messages are too large to come whole has ``value.offered``: the session answers this
    event with `ImapCore.accept_literal` or `ImapCore.refuse_literal` before it asks for the next one.
    """

    tag: str
    name: str
    value: Any


class ContinuationNeeded(NamedTuple):
    """The client waits for "+" before it sends a literal of ``size`` octets. Send it, then go on."""

    size: int


class LiteralChunk(NamedTuple):
    """Some octets of the message at hand, in order; never empty."""

    octets: bytes


class MessageStep(NamedTuple):
    """What stands between the literals of an accepted command: the next message begins, or a URL stands for octets of
    the one at hand."""

    step: Step


class LiteralEnd(NamedTuple):
    """The accepted literal is complete, and so is its command. The session now answers the command."""


class Line(NamedTuple):
    """The line asked for by `ImapCore.expect_line`, without its end."""

    octets: bytes


class BadSyntax(NamedTuple):
    """A command that cannot be read: answer ``tag status [code] text`` and go on.

    ``tag`` is "*" when there was none. Inside an accepted literal it also means that the command is over.
    """

    tag: str
    text: str
    code: str = ""
    status: str = "BAD"


class Fatal(NamedTuple):
    """The stream cannot be followed any longer: answer ``* BYE text`` and close."""

    text: str


Event: TypeAlias = (
    NeedMore | Command | ContinuationNeeded | LiteralChunk | MessageStep | LiteralEnd | Line | BadSyntax | Fatal
)

NEED_MORE = NeedMore()
LITERAL_END = LiteralEnd()
