"""Compiled scripts by the hash of their text."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from shared.sieve.errors import SieveError
from shared.sieve.limits import DEFAULT, Limits
from shared.sieve.registry import Registry
from shared.sieve.script import Script, compile_script


def script_hash(octets: bytes) -> str:
    """The name of a script's text: SHA-256 in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()


class ScriptCache:
    """The ``size`` scripts used last, of ``octets`` of text together. What does not compile is remembered too."""

    def __init__(
        self, registry: Registry, limits: Limits = DEFAULT, size: int = 1_000, octets: int = 4 * 1024 * 1024
    ) -> None:
        self._registry = registry
        self._limits = limits
        self._size = size
        self._room = octets
        self._lengths: dict[str, int] = {}
        self._known: OrderedDict[str, Script | SieveError] = OrderedDict()

    def find(self, digest: str) -> Script | None:
        """The script of this hash if it is known. Raises the `SieveError` that compiling it raised."""
        found = self._known.get(digest)
        if found is None:
            return None
        self._known.move_to_end(digest)
        if isinstance(found, SieveError):
            raise type(found)(found.problem, found.place)
        return found

    def add(self, octets: bytes) -> Script:
        """The compiled form of a script's text. Raises `SieveError`."""
        digest = script_hash(octets)
        known = self.find(digest)
        if known is not None:
            return known
        try:
            made: Script | SieveError = compile_script(octets, self._registry, self._limits)
        except SieveError as error:
            made = SieveError.__new__(type(error))
            SieveError.__init__(made, error.problem, error.place)
        self._known[digest] = made
        self._lengths[digest] = len(octets)
        self._room -= len(octets)
        while len(self._known) > 1 and (len(self._known) > self._size or self._room < 0):
            oldest, _ = self._known.popitem(last=False)
            self._room += self._lengths.pop(oldest)
        if isinstance(made, SieveError):
            raise type(made)(made.problem, made.place)
        return made
