"""EXTERNAL (RFC 4422 appendix A): the client has shown who it is by the certificate of its TLS connection."""

from __future__ import annotations

from base64 import b64encode

from shared.protocols.sasl.mechanism import Challenge, Credentials, Mechanism, Step, text


class External(Mechanism):
    """``certificate`` is the client's, in DER, its chain verified and its key proved by the handshake."""

    name = "EXTERNAL"

    def __init__(self, certificate: bytes) -> None:
        self._certificate = certificate

    def start(self, initial: bytes | None) -> Step:
        return Challenge(b"") if initial is None else self.respond(initial)

    def respond(self, data: bytes) -> Credentials:
        wanted = text(data, "authorization identity") if data else ""
        return Credentials("", wanted, b64encode(self._certificate).decode("ascii"))
