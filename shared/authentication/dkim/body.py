"""Hashes of one body while it passes by, each wanted one computed once."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from shared.authentication.dkim.canonical import CanonicalBody


class BodyHash(NamedTuple):
    digest: bytes
    partial: bool  # the body goes on behind what was hashed (l=)


class _Running:
    __slots__ = ("left", "sha")

    def __init__(self, limit: int | None) -> None:
        self.sha = sha256()
        self.left = limit


class BodyHashes:
    """SHA-256 over the canonical body, whole or cut by ``l=``. First `want`, then `feed`, then `digest`."""

    def __init__(self) -> None:
        self._bodies: dict[bool, CanonicalBody] = {}
        self._running: dict[tuple[bool, int | None], _Running] = {}
        self._done: dict[tuple[bool, int | None], BodyHash] = {}

    def want(self, *, relaxed: bool, limit: int | None = None) -> None:
        """Name a hash before the first octet."""
        self._bodies.setdefault(relaxed, CanonicalBody(relaxed=relaxed))
        self._running.setdefault((relaxed, limit), _Running(limit))

    def feed(self, octets: bytes) -> None:
        """The next octets of the body."""
        for relaxed, body in self._bodies.items():
            self._add(relaxed, body.feed(octets))

    def finish(self) -> None:
        """The body is complete."""
        for relaxed, body in self._bodies.items():
            self._add(relaxed, body.finish())
        for key, running in self._running.items():
            partial = running.left is not None and running.left < 0
            self._done[key] = BodyHash(running.sha.digest(), partial)

    def digest(self, *, relaxed: bool, limit: int | None = None) -> BodyHash:
        """A hash that was wanted, after the end."""
        return self._done[relaxed, limit]

    def _add(self, relaxed: bool, octets: bytes) -> None:
        if not octets:
            return
        for (kind, _), running in self._running.items():
            if kind is not relaxed:
                continue
            if running.left is None:
                running.sha.update(octets)
            else:
                running.sha.update(octets[: max(running.left, 0)])
                running.left -= len(octets)
