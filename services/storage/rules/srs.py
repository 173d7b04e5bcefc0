"""The Sender Rewriting Scheme: a forward goes out under an address of ours, which leads back to its sender.

``SRS0=hash=day=domain=local@ours`` stands for ``local@domain``. What another forwarder has rewritten already becomes
``SRS1=hash=its.domain==rest@ours``, and leads back to it. Hashes are our own; an address holds for some weeks only.
All of it survives being put into lower case, as addresses are here.
"""

from __future__ import annotations

import hmac
from base64 import b32encode
from hashlib import sha256

from shared.mail.address import MAX_LOCAL

DAYS = 21  # that an address holds
_CYCLE = 1024  # days until their numbers begin anew
_HASH = 8  # characters: 40 bits
_DIGITS = "abcdefghijklmnopqrstuvwxyz234567"


def rewrite(sender: str, domain: str, secret: bytes, day: int) -> str:
    """``sender`` as an address at ``domain``; itself where it needs no rewriting, or allows none."""
    local, at, origin = sender.rpartition("@")
    if not at or origin == domain or "=" in origin or '"' in local:
        return sender
    lower = local.lower()
    if lower.startswith("srs0=") and lower.count("=") >= 4:
        rest = f"{origin}={lower[4:]}"
        found = f"srs1={_hash(rest, secret)}={rest}"
    elif lower.startswith("srs1=") and lower.count("=") >= 4:
        rest = lower.split("=", 2)[2]
        found = f"srs1={_hash(rest, secret)}={rest}"
    else:
        number = day % _CYCLE
        rest = f"{_DIGITS[number >> 5]}{_DIGITS[number & 31]}={origin}={lower}"
        found = f"srs0={_hash(rest, secret)}={rest}"
    return f"{found}@{domain}" if len(found.encode()) <= MAX_LOCAL else sender


def original(local: str, secret: bytes, day: int) -> str | None:
    """The address that ``local``, in lower case, stands for; None if we did not make it, or made it too long ago."""
    kind, _, rest = local.partition("=")
    mark, _, rest = rest.partition("=")
    if kind not in ("srs0", "srs1") or not hmac.compare_digest(mark.encode(), _hash(rest, secret).encode()):
        return None
    if kind == "srs1":
        domain, _, inner = rest.partition("=")
        return f"srs0{inner}@{domain}"
    stamp, _, rest = rest.partition("=")
    made = _DIGITS.index(stamp[0]) << 5 | _DIGITS.index(stamp[1])
    if (day - made) % _CYCLE > DAYS:
        return None
    domain, _, sender = rest.partition("=")
    return f"{sender}@{domain}"


def _hash(text: str, secret: bytes) -> str:
    digest = hmac.new(secret, text.encode(), sha256).digest()
    return b32encode(digest)[:_HASH].decode().lower()
