"""MTA Strict Transport Security (RFC 8461): the record that announces a policy, the policy, and whom it means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from shared.protocols.errors import ProtocolError

LARGEST = 64 * 1024  # octets of a policy (section 3.2)
LONGEST = 31_557_600  # seconds that a policy may live
PATH = "/.well-known/mta-sts.txt"

_ID = re.compile(rb"id[ \t]*=[ \t]*([A-Za-z0-9]{1,32})\Z")


class BadPolicy(ProtocolError):
    """This is no policy; the text says why."""


class Policy(NamedTuple):
    """``mode`` is enforce, testing or none; ``hosts`` are names of MX hosts in lower case, maybe with ``*.``."""

    mode: str
    max_age: int  # seconds
    hosts: tuple[str, ...]

    def names(self, host: str) -> bool:
        """Whether ``host`` is one of the domain's own (section 4.1): ``*.`` stands for one label."""
        host = host.lower()
        parent = host.partition(".")[2]
        return any(each == host or (each.startswith("*.") and each[2:] == parent) for each in self.hosts)


def policy_id(texts: Sequence[bytes]) -> str:
    """The id in the TXT records of ``_mta-sts.domain``; "" when there is no policy (section 3.1)."""
    records = [text for text in texts if text.startswith(b"v=STSv1")]
    if len(records) != 1:
        return ""
    version, *rest = [part.strip(b" \t") for part in records[0].split(b";")]
    found = [match[1].decode() for part in rest if (match := _ID.match(part))]
    return found[0] if version == b"v=STSv1" and len(found) == 1 else ""


def parse(octets: bytes) -> Policy:
    """A policy as served at `PATH` (section 3.2). Raises `BadPolicy`."""
    if len(octets) > LARGEST:
        raise BadPolicy("the policy is too large")
    values: dict[str, str] = {}
    hosts: list[str] = []
    for line in octets.decode("ascii", "replace").splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip(), value.strip()
        if not colon:
            continue
        if key == "mx":
            hosts.append(value.lower().rstrip("."))
        else:
            values.setdefault(key, value)
    return _policy(values, tuple(hosts))


def _policy(values: dict[str, str], hosts: tuple[str, ...]) -> Policy:
    mode, age = values.get("mode", ""), values.get("max_age", "")
    if values.get("version") != "STSv1":
        raise BadPolicy("the version is not STSv1")
    if mode not in ("enforce", "testing", "none"):
        raise BadPolicy("the mode is none of enforce, testing and none")
    if not (age.isascii() and age.isdigit() and len(age) <= 10):
        raise BadPolicy("max_age is no number of seconds")
    if not hosts and mode != "none":
        raise BadPolicy("the policy names no host")
    return Policy(mode, min(int(age), LONGEST), hosts)
