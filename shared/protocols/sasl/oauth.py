"""Bearer tokens: OAUTHBEARER (RFC 7628) and its older form XOAUTH2. Who a token is for, its verifier knows.

A client whose token fails is told why in JSON, and answers, before it hears that it failed (RFC 7628 section 3.2.3).
"""

from __future__ import annotations

from shared.protocols.sasl import gs2
from shared.protocols.sasl.mechanism import Challenge, Credentials, Malformed, Mechanism, Step, text

_END = b"\x01"
_FAILURE = b'{"status":"invalid_token","schemes":"bearer","scope":""}'
_XFAILURE = b'{"status":"401","schemes":"bearer","scope":""}'


class OauthBearer(Mechanism):
    name = "OAUTHBEARER"

    def start(self, initial: bytes | None) -> Step:
        return Challenge(b"") if initial is None else self.respond(initial)

    def respond(self, data: bytes) -> Credentials:
        header, rest = gs2.split(data)
        if header.flag == "p":
            raise Malformed("OAUTHBEARER binds no channel")
        if not rest.startswith(_END) or not rest.endswith(_END * 2):
            raise Malformed("key and value pairs expected")
        return Credentials("", header.authzid, _token(_pairs(rest[1:-1])))

    def refused(self) -> bytes:
        return _FAILURE


class Xoauth2(Mechanism):
    name = "XOAUTH2"

    def start(self, initial: bytes | None) -> Step:
        return Challenge(b"") if initial is None else self.respond(initial)

    def respond(self, data: bytes) -> Credentials:
        if not data.endswith(_END * 2):
            raise Malformed("key and value pairs expected")
        pairs = _pairs(data[:-1])
        return Credentials("", text(pairs.get(b"user", b""), "user name"), _token(pairs))

    def refused(self) -> bytes:
        return _XFAILURE


def _pairs(octets: bytes) -> dict[bytes, bytes]:
    """``key=value`` pairs, each with a ^A behind it."""
    pairs: dict[bytes, bytes] = {}
    for pair in octets.split(_END)[:-1]:
        key, found, value = pair.partition(b"=")
        if not found or not key.isalpha():
            raise Malformed("a key and a value expected")
        pairs[key] = value
    return pairs


def _token(pairs: dict[bytes, bytes]) -> str:
    scheme, _, token = pairs.get(b"auth", b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token or not token.isascii():
        raise Malformed("a bearer token expected")
    return text(token, "token")
