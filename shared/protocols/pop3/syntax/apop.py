"""``APOP name digest`` (RFC 1939 section 7)."""

from __future__ import annotations

import re
from typing import NamedTuple

from shared.protocols.pop3.errors import CommandError

_DIGEST = re.compile(rb"[0-9a-f]{32}")  # MD5, in lower case


class Apop(NamedTuple):
    name: str
    digest: bytes


def parse(argument: bytes) -> Apop:
    name, _, digest = argument.strip().rpartition(b" ")
    if not name.strip() or not _DIGEST.fullmatch(digest):
        raise CommandError("APOP wants a name and a digest")
    try:
        return Apop(name.decode("utf-8").strip(), digest)
    except UnicodeDecodeError as error:
        raise CommandError("the name is not UTF-8") from error
