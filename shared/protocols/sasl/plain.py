"""PLAIN (RFC 4616): ``[authzid] NUL authcid NUL passwd`` in one response."""

from __future__ import annotations

from shared.protocols.sasl.mechanism import Challenge, Credentials, Malformed, Mechanism, Step, text


class Plain(Mechanism):
    name = "PLAIN"

    def start(self, initial: bytes | None) -> Step:
        return Challenge(b"") if initial is None else self.respond(initial)

    def respond(self, data: bytes) -> Step:
        fields = data.split(b"\0")
        if len(fields) != 3:
            raise Malformed("PLAIN wants two NUL separators")
        authzid = text(fields[0], "authorization identity") if fields[0] else ""
        return Credentials(authzid, text(fields[1], "user name"), text(fields[2], "password"))
