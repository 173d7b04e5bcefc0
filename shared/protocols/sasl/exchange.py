"""One exchange as the mail protocols carry it: lines of base64, ``*`` to abort, ``=`` for an empty initial response.

SMTP (RFC 4954), IMAP (RFC 3501, RFC 4959) and POP3 (RFC 5034) agree on this, so that their adapters only
put a prompt before `encoded` challenges.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64

from shared.protocols.sasl.mechanism import Abort, Challenge, Malformed, Mechanism, Parameters, Step

LIMIT = 12_288  # octets of base64 in one whole exchange (RFC 4954 section 4)


class Exchange:
    """A mechanism behind base64. Every method raises `Malformed` or `Abort`; the exchange is over then."""

    def __init__(self, mechanism: Mechanism, limit: int = LIMIT) -> None:
        self._mechanism = mechanism
        self._room = limit

    def start(self, initial: bytes | None) -> Step:
        """Begin; ``initial`` is the argument after the mechanism's name, None when there was none."""
        if initial is None:
            return self._mechanism.start(None)
        return self._mechanism.start(b"" if initial == b"=" else self._decode(initial))

    def respond(self, line: bytes) -> Step:
        """Take one line of the client, without its CRLF."""
        if line == b"*":
            raise Abort("cancelled by the client")
        return self._mechanism.respond(self._decode(line))

    def told(self, parameters: Parameters) -> Step:
        """Answer the mechanism's question."""
        return self._mechanism.told(parameters)

    def accepted(self, signature: bytes) -> bytes:
        """The mechanism's words for a success, not yet in base64."""
        return self._mechanism.accepted(signature)

    def refused(self) -> bytes:
        """The mechanism's words for a failure, not yet in base64."""
        return self._mechanism.refused()

    def _decode(self, line: bytes) -> bytes:
        self._room -= len(line)
        if self._room < 0:
            raise Malformed("exchange too long")
        try:
            return a2b_base64(line, strict_mode=True)
        except Error as error:
            raise Malformed("not base64") from error


def encoded(challenge: Challenge) -> bytes:
    """The challenge as it stands behind the protocol's prompt (``334 ``, ``+ ``)."""
    return b64encode(challenge.data)
