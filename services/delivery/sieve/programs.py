"""Compiled scripts: the installation's, read once, and the users', fetched when their hash is new."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from services.delivery.sieve.config import SieveSettings
from services.delivery.sieve.running import Program
from shared.base.errors import ConfigurationError
from shared.bus.client import Bus
from shared.contracts import sieve as contract
from shared.sieve.cache import ScriptCache
from shared.sieve.catalogue import REGISTRY
from shared.sieve.errors import SieveError
from shared.sieve.limits import Limits
from shared.sieve.outcome import Question
from shared.sieve.script import Script, compile_script

_SHARED = Limits(script=1024 * 1024)  # the installation's own scripts may be longer


class Programs:
    """All scripts that this process may run. Raises `ConfigurationError` for an installation's that does not work."""

    def __init__(self, bus: Bus, settings: SieveSettings) -> None:
        self._bus = bus
        self._cache = ScriptCache(REGISTRY, size=settings.remembered)
        self.before = tuple([_load("before", Path(name)) for name in settings.before])
        self.after = tuple([_load("after", Path(name)) for name in settings.after])
        self.shared = _texts(settings.shared)
        self.lists = _lists(settings.lists)

    def answer(self, question: Question) -> str | None:
        """What this installation's own files answer: a shared script, a list, or whether a list holds a value.

        Raises KeyError for a question that only storage can answer.
        """
        kind, arguments = question
        if kind == "script" and arguments[0] == "global":
            return self.shared.get(arguments[1])
        if kind == "list":
            members = self.lists.get(arguments[0])
            return None if members is None else "\n".join(members)
        if kind == "list-holds":
            name, value = arguments
            return "yes" if any(value == member.lower() for member in self.lists.get(name, ())) else None
        raise KeyError(kind)

    async def find(self, wanted: Mapping[int, str]) -> dict[int, Program]:
        """The active scripts of accounts, by account. ``wanted`` are the hashes that accounts had when their letter
        was claimed; who has changed his script since gets the present one."""
        found: dict[int, Program] = {}
        missing: list[int] = []
        for account, digest in wanted.items():
            program = self._known(digest)
            if program is None:
                missing.append(account)
            else:
                found[account] = program
        while missing:
            reply = await self._bus.call(contract.active, contract.ActiveRequest(tuple(missing)))
            found.update({one.account: self._add(one.octets) for one in reply.scripts})
            missing = list(reply.rest)
        return found

    def named(self, name: str, octets: bytes) -> Program:
        """A user's script that runs under its own name."""
        return self._add(octets)._replace(name=f"script {name!r}")

    def _known(self, digest: str) -> Program | None:
        try:
            script = self._cache.find(digest)
        except SieveError as error:
            return _users(error)
        return None if script is None else _users(script)

    def _add(self, octets: bytes) -> Program:
        try:
            return _users(self._cache.add(octets))
        except SieveError as error:
            return _users(error)


def _users(script: Script | SieveError) -> Program:
    return Program("active script", script)


def _load(key: str, path: Path) -> Program:
    text = _read(key, path)
    try:
        return Program(path.name, compile_script(text, REGISTRY, _SHARED))
    except SieveError as error:
        raise ConfigurationError(str(path), f"delivery.sieve.{key}", str(error), "correct the script") from error


def _read(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = f"{path}: {error.strerror}"
        raise ConfigurationError("[delivery.sieve]", f"delivery.sieve.{key}", problem, "name a file") from error


def _lists(folder: str) -> Mapping[str, tuple[str, ...]]:
    """The lists of a folder by name, without `.list`; members as they are written, empty lines and comments out."""
    if not folder:
        return {}
    found = {}
    for path in sorted(Path(folder).glob("*.list")):
        lines = [line.strip() for line in _read("lists", path).decode("utf-8", "replace").splitlines()]
        found[path.stem] = tuple([line for line in lines if line and not line.startswith("#")])
    return found


def _texts(folder: str) -> Mapping[str, str]:
    """The scripts of a folder by name, without `.sieve`."""
    if not folder:
        return {}
    files: Collection[Path] = sorted(Path(folder).glob("*.sieve"))
    return {path.stem: _read("shared", path).decode("utf-8", "replace") for path in files}
