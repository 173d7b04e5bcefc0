"""What a ManageSieve client can get wrong."""

from __future__ import annotations

from shared.protocols.errors import ProtocolError


class CommandError(ProtocolError):
    """The command breaks the grammar. The text may be shown to the client; the next command can be read."""


class TooLarge(CommandError):
    """A literal is larger than its command may have; it has been read over."""


class Beyond(ProtocolError):
    """A literal so large that it is not even read over: the connection must end."""
