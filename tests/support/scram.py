"""The client's side of SCRAM (RFC 5802), written from the RFC for tests alone."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode


class ScramClient:
    """One exchange. ``header`` is the GS2 header, ``binding`` what stands behind it in the channel binding."""

    def __init__(
        self,
        username: str,
        password: str,
        *,
        digest: str = "sha256",
        header: str = "n,,",
        binding: bytes = b"",
        nonce: str = "fyko+d2lbbFgONRv9qkxdawL",
    ) -> None:
        self.password = password
        self.digest = digest
        self.header = header
        self.binding = binding
        self.nonce = nonce
        self.bare = f"n={username.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
        self.signature = b""

    @property
    def first(self) -> bytes:
        return (self.header + self.bare).encode()

    def final(self, server_first: bytes) -> bytes:
        """The answer to the server's first message; ``signature`` is what it must show then."""
        fields = dict(field.split("=", 1) for field in server_first.decode().split(","))
        assert fields["r"].startswith(self.nonce)
        assert len(fields["r"]) > len(self.nonce)
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), b64decode(fields["s"]), int(fields["i"]))
        bound = b64encode(self.header.encode() + self.binding).decode()
        without_proof = f"c={bound},r={fields['r']}"
        message = f"{self.bare},{server_first.decode()},{without_proof}".encode()
        key = hmac.digest(salted, b"Client Key", self.digest)
        stored = hashlib.new(self.digest, key).digest()
        proof = bytes(a ^ b for a, b in zip(key, hmac.digest(stored, message, self.digest), strict=True))
        self.signature = hmac.digest(hmac.digest(salted, b"Server Key", self.digest), message, self.digest)
        return f"{without_proof},p={b64encode(proof).decode()}".encode()

    def verified(self, server_final: bytes) -> bool:
        """Whether the server has shown that it knows the user."""
        return server_final == b"v=" + b64encode(self.signature)
