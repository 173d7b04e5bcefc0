"""SCRAM (RFC 5802, RFC 7677): the client proves that it knows the password, and so does the server.

The keys that the proof is checked against stay with whoever owns them: this side asks for salt, iterations and a
nonce (`Question`), hands over the proof with all that was said (`Proof`), and passes the server's signature on.

Channel binding (RFC 5802 section 6): a -PLUS mechanism wants the client to have named a channel that this connection
is; one without wants it to have named none, and the client's "y" (it could, but did not see us offer it) is a proof
that somebody on the way took the offer out.
"""

from __future__ import annotations

from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import ClassVar

from shared.protocols.sasl import gs2
from shared.protocols.sasl.mechanism import (
    Challenge,
    Malformed,
    Mechanism,
    Parameters,
    Proof,
    Question,
    Step,
)

_NONCE_LIMIT = 512  # octets; clients send some 24


class Scram(Mechanism):
    """One exchange. ``bindings`` are the channel binding data of the connection by their names; empty: none."""

    plus: ClassVar[bool] = False

    def __init__(self, bindings: Mapping[str, bytes]) -> None:
        self._bindings = bindings
        self._header = gs2.Header("n", "", "", b"")
        self._username = ""
        self._client_first = b""  # without its header
        self._server_first = b""
        self._nonce = b""  # the client's part, then both
        self._given = ""  # our part

    def start(self, initial: bytes | None) -> Step:
        return Challenge(b"") if initial is None else self.respond(initial)

    def respond(self, data: bytes) -> Step:
        return self._first(data) if not self._server_first else self._final(data)

    def _first(self, message: bytes) -> Question:
        self._header, bare = gs2.split(message)
        self._check_flag()
        fields = bare.split(b",")
        if len(fields) < 2 or not fields[0].startswith(b"n=") or not fields[1].startswith(b"r="):
            raise Malformed("user name and nonce expected")  # also for "m=": no such extension is known
        self._username = gs2.saslname(fields[0][2:])
        self._nonce = _printable(fields[1][2:])
        self._client_first = bare
        return Question(self._username)

    def told(self, parameters: Parameters) -> Challenge:
        self._given = parameters.nonce
        self._nonce += parameters.nonce.encode("ascii")
        self._server_first = b"r=%b,s=%b,i=%d" % (self._nonce, b64encode(parameters.salt), parameters.iterations)
        return Challenge(self._server_first)

    def _final(self, message: bytes) -> Proof:
        start, found, proof = message.rpartition(b",p=")
        fields = start.split(b",")
        if not found or len(fields) < 2 or not fields[0].startswith(b"c=") or not fields[1].startswith(b"r="):
            raise Malformed("channel binding, nonce and proof expected")
        if _decoded(fields[0][2:]) != self._header.octets + self._bindings.get(self._header.binding, b""):
            raise Malformed("bound to another channel")
        if fields[1][2:] != self._nonce:
            raise Malformed("another nonce")
        said = b",".join((self._client_first, self._server_first, start))
        return Proof(self._header.authzid, self._username, said, self._given, _decoded(proof))

    def accepted(self, signature: bytes) -> bytes:
        return b"v=" + b64encode(signature)

    def _check_flag(self) -> None:
        header = self._header
        if self.plus:
            if header.flag != "p":
                raise Malformed("channel binding expected")
            if not self._bindings.get(header.binding):
                raise Malformed("no such channel binding")
        elif header.flag == "p":
            raise Malformed("channel binding goes with a -PLUS mechanism")
        elif header.flag == "y" and self._bindings:
            raise Malformed("the offer of channel binding was taken out on the way")


class ScramSha256(Scram):
    name = "SCRAM-SHA-256"


class ScramSha256Plus(Scram):
    name = "SCRAM-SHA-256-PLUS"
    plus = True


class ScramSha1(Scram):
    name = "SCRAM-SHA-1"


class ScramSha1Plus(Scram):
    name = "SCRAM-SHA-1-PLUS"
    plus = True


def _printable(nonce: bytes) -> bytes:
    if not nonce or len(nonce) > _NONCE_LIMIT or not all(0x21 <= octet <= 0x7E for octet in nonce):
        raise Malformed("not a nonce")
    return nonce


def _decoded(octets: bytes) -> bytes:
    try:
        return a2b_base64(octets, strict_mode=True)
    except Error as error:
        raise Malformed("not base64") from error
