"""The one error of the IMAP grammar."""

from __future__ import annotations

from shared.protocols.errors import ProtocolError


class ParseError(ProtocolError):
    """A command that cannot be read. ``text`` is fit to be told to the client.

    ``status`` is "BAD", or "NO" where the RFC asks for it (an unknown charset); ``code`` is a response
    code without its brackets, or "".
    """

    def __init__(self, text: str, code: str = "", status: str = "BAD") -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.status = status
