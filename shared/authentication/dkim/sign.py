"""DKIM signatures made (RFC 6376 section 5, RFC 8463).

Fields are named once more in h= than they stand in the message, so that adding one of them breaks the signature; l=
is never written. Both forms are relaxed: what relays do to white space does no harm.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.canonical import canonical_field
from shared.authentication.dkim.header import HeaderFields
from shared.authentication.dkim.keys import SigningKey

OVERSIGNED = (
    b"from", b"to", b"cc", b"subject", b"date", b"message-id", b"reply-to", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"list-id", b"list-help", b"list-unsubscribe", b"list-unsubscribe-post",
    b"list-subscribe", b"list-post", b"list-owner", b"list-archive",
)  # fmt: skip
SIGNED = (b"sender", b"content-transfer-encoding", b"content-disposition", b"content-id", b"auto-submitted")
_WIDTH = 72  # characters of a line


class Signer:
    """Signs one message with several keys. ``hashes`` gets the body from the caller."""

    def __init__(self, header: HeaderFields, hashes: BodyHashes, keys: Sequence[SigningKey]) -> None:
        self._header = header
        self._hashes = hashes
        self._keys = keys
        hashes.want(relaxed=True)

    def fields(self, now: int) -> bytes:
        """The DKIM-Signature fields to stand before the message; after the body's end. ``now`` is Unix seconds."""
        names = signed_names(self._header)
        octets = self._header.selected(names, relaxed=True)
        body = b64encode(self._hashes.digest(relaxed=True).digest)
        return b"".join([self._field(key, names, octets, body, now) for key in self._keys])

    def _field(self, key: SigningKey, names: Sequence[bytes], octets: bytes, body: bytes, now: int) -> bytes:
        text = folded(
            b"DKIM-Signature: v=1; a=%b; c=relaxed/relaxed; d=%b; s=%b; t=%d;"
            % (key.algorithm.encode(), key.domain.encode(), key.selector.encode(), now),
            b"h=" + b":".join(names) + b";",
            b"bh=" + body + b";",
        )
        return signed(key, octets, text)


def signed_names(header: HeaderFields) -> list[bytes]:
    """The value of h=: every instance of the fields we sign, the oversigned ones once more."""
    names: list[bytes] = []
    for name in OVERSIGNED:
        names += [name] * (header.count(name) + 1)
    for name in SIGNED:
        names += [name] * header.count(name)
    return names


def signed(key: SigningKey, octets: bytes, text: bytes) -> bytes:
    """The field ``text``, which lacks only b=, completed with the signature over ``octets`` and itself."""
    unsigned = text + b"\r\n\tb="
    made = b64encode(key.sign(octets + canonical_field(unsigned, relaxed=True).removesuffix(b"\r\n")))
    lines = [made[at : at + _WIDTH] for at in range(0, len(made), _WIDTH)]
    return unsigned + b"\r\n\t".join(lines) + b"\r\n"


def folded(*parts: bytes) -> bytes:
    """Tags on lines of bearable length: a new line for each part, and within one at blanks and colons."""
    lines: list[bytes] = []
    for part in parts:
        line = b""
        for piece in part.replace(b" ", b" \0").replace(b":", b":\0").split(b"\0"):
            if line and len(line) + len(piece) > _WIDTH:
                lines.append(line.rstrip(b" "))
                line = b""
            line += piece
        lines.append(line)
    return b"\r\n\t".join(lines)
