"""DATA (RFC 5321 section 4.1.1.4). The octets behind it are read by `shared.protocols.smtp.stuffing`."""

from __future__ import annotations

from typing import NamedTuple

from shared.protocols.smtp import arguments


class Data(NamedTuple):
    pass


def parse(argument: bytes) -> Data:
    arguments.none(argument)
    return Data()
