"""Messages that we write ourselves: header fields and texts that hold whatever a user or a stranger put into them.

All lines end in CRLF. A value can start no field of its own, and nothing but ASCII leaves here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from quopri import encodestring

from shared.mail.address_list import first_mailbox
from shared.mail.encoded_words import decode_words

_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_PIECE = 30  # characters in one encoded word: at most 75 octets each (RFC 2047 section 2)
_LINE = 76
_LONGEST = 16_000  # characters of a value
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ .-]+\Z")
_CRLF = re.compile(rb"\r\n|\r|\n")


def field(name: str, value: str) -> bytes:
    """An unstructured field, in encoded words (RFC 2047) where it must be."""
    text = " ".join(_CONTROLS.sub(" ", value[:_LONGEST]).split())
    words = text.split(" ") if text.isascii() else _encoded(text)
    return folded(name, words)


def folded(name: str, words: Iterable[str]) -> bytes:
    """A field of ASCII ``words``, in lines of at most 76 characters where the words allow it."""
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > _LINE and not line.endswith(":"):
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line]).encode("ascii", "replace") + b"\r\n"


def mailbox(address: str, name: str = "") -> str:
    """A mailbox as it stands in a field of addresses."""
    clean = " ".join(_CONTROLS.sub(" ", name[:200]).split())
    if not clean:
        return address
    if not clean.isascii():
        return f"{' '.join(_encoded(clean))} <{address}>"
    if not _ATOMS.match(clean):
        clean = '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{clean} <{address}>"


def parse_mailbox(text: str) -> tuple[str, str] | None:
    """Address and display name of the one mailbox in ``text``, None when there is none."""
    found = first_mailbox(_CONTROLS.sub(" ", text[:_LONGEST]).encode("utf-8", "replace"))
    if found is None or not found.local or not found.domain:
        return None
    address = b"%b@%b" % (found.local, found.domain)
    return address.decode("utf-8", "replace"), decode_words(found.name or b"").strip()


def text_part(text: str) -> tuple[bytes, bytes]:
    """The Content fields and the body of a plain text."""
    body = crlf(text.encode("utf-8", "replace"))
    if body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    charset = "us-ascii" if body.isascii() else "utf-8"
    encoding = "7bit"
    if not body.isascii() or b"\0" in body or max(map(len, body.split(b"\r\n"))) > 900:
        body, encoding = crlf(encodestring(body.replace(b"\r\n", b"\n"))), "quoted-printable"
    fields = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    return fields.encode(), body


def crlf(octets: bytes) -> bytes:
    """``octets`` with every line end as CRLF."""
    return _CRLF.sub(b"\r\n", octets)


def _encoded(text: str) -> list[str]:
    pieces = [text[start : start + _PIECE // 2] for start in range(0, len(text), _PIECE // 2)]
    return [f"=?utf-8?b?{b64encode(piece.encode('utf-8', 'replace')).decode()}?=" for piece in pieces]
