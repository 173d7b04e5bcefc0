"""What a POP3 client can get wrong in one line."""

from __future__ import annotations

from shared.protocols.errors import ProtocolError


class CommandError(ProtocolError):
    """The line is no command, or its arguments are not the command's. The text may be shown to the client."""
