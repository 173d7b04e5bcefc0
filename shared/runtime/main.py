"""The life of a service process, from its arguments to its exit code.

| exit code | means |
|---|---|
| 0 | drained after a signal |
| 1 | could not start (`StartError`), or it or its sessions had to be cut off while draining; one line says which |
| 70 | crashed; the log's last line is ``process.crash`` |
| 78 | the configuration cannot be used; one line on stderr names file, key and remedy |
"""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import trio

from shared.base.errors import ConfigurationError, EilpostError, StartError
from shared.base.ids import new_ulid
from shared.base.settings import check_sections, load
from shared.bus.nats import open_bus
from shared.contracts import control
from shared.net.listener import ListenerSpec, require_certificate
from shared.net.tls import ServerContext, server_context
from shared.observe.log import configure, get_logger
from shared.runtime.broker_trust import BrokerTrust
from shared.runtime.drain import drain_on_signal
from shared.runtime.health import Health, serve_health, watch_certificate, watch_loop
from shared.runtime.heartbeat import say_alive, watch_storage
from shared.runtime.limits import raise_open_files
from shared.runtime.process import Process
from shared.runtime.reload import Reload, reload_on_hangup
from shared.runtime.settings import SECTIONS, BusSettings, Common, TlsSettings, bus_password, load_common
from shared.runtime.tracing import traced

__all__ = ["Process", "run"]

S = TypeVar("S")

EX_SOFTWARE, EX_CONFIG = 70, 78
_ALPN = {"imap": ("imap",), "pop3": ("pop3",), "managesieve": ("managesieve",)}  # the registry has no name for SMTP
_STRANGERS = frozenset({"smtp"})  # other servers come with certificates of other authorities
_REPLICA = re.compile(r"[A-Za-z0-9_-]{1,63}")


def run(
    service: str,
    settings_kind: type[S],
    app: Callable[[Process[S]], Awaitable[None]],
    argv: Sequence[str] | None = None,
) -> int:
    """Run ``app`` as a process of ``service`` until it is told to stop; the exit code.

    Arguments: ``--config FILE`` (or the variable ``EILPOST_CONFIG``), and ``--check``, which loads the
    configuration, prints the listeners as JSON and ends.
    """
    environ = os.environ
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until somebody listens to it
    try:
        path, check = _arguments(sys.argv[1:] if argv is None else argv, environ)
        check_sections(SECTIONS, path, environ)
        common = load_common(path, environ)
        settings = load(service, settings_kind, path, environ)
        tls = _tls(common.tls, service)
        specs = _listeners(service, settings, path)
        require_certificate(specs, tls)
        if check:
            print(json.dumps([{"name": spec.name, "host": spec.host, "port": spec.port} for spec in specs]))  # noqa: T201
            return 0
        password = Secret(service, path, environ)
        replica = _replica(environ)
    except ConfigurationError as error:
        return _say(service, error, EX_CONFIG)
    configure(service, replica, json=common.log.json, level=common.log.level)
    raise_open_files()
    try:
        with traced(service, replica, common.tracing):
            drained = trio.run(
                _live, _Parts(service, replica, settings, common, tls, password, str(path or "configuration")), app
            )
    except BaseException as error:  # noqa: BLE001 - the door of the process
        return _ended_by(service, error)
    return 0 if drained else 1


class Secret:
    """The service's password on the bus, read again whenever it is asked for.

    Making it raises `ConfigurationError`; asking does not.
    """

    def __init__(self, service: str, path: Path | None, environ: Mapping[str, str]) -> None:
        self._service = service
        self._path = path
        self._environ = environ
        self._last = self._read()

    def __call__(self) -> str:
        """As it is now; as it was last where it cannot be read."""
        with suppress(ConfigurationError):
            self._last = self._read()
        return self._last

    def _read(self) -> str:
        return bus_password(load("bus", BusSettings, self._path, self._environ), self._service, self._environ)


class _Parts(NamedTuple, Generic[S]):
    """What is known before the loop runs."""

    service: str
    replica: str
    settings: S
    common: Common
    tls: ssl.SSLContext | None
    password: Secret
    source: str


class AppEnded(EilpostError):
    """An app returned without having been asked to drain."""


async def _live(parts: _Parts[S], app: Callable[[Process[S]], Awaitable[None]]) -> bool:
    """The root nursery; whether everything, sessions included, ended by itself after a signal."""
    log = get_logger()
    service, replica, common = parts.service, parts.replica, parts.common
    health = Health(service)
    draining = trio.Event()
    drained = False
    async with trio.open_nursery() as nursery:
        nursery.start_soon(drain_on_signal, health, draining, common.drain, nursery.cancel_scope, log)
        nursery.start_soon(serve_health, health, common.health, log)
        nursery.start_soon(watch_loop, service, common.health.stall, log)
        nursery.start_soon(watch_certificate, service, common.tls)
        reloads: list[Reload] = []
        if isinstance(parts.tls, ServerContext):
            reloads.append(partial(parts.tls.refresh, now=True))
        nursery.start_soon(reload_on_hangup, reloads, log)
        trust = BrokerTrust(common.bus)
        async with open_bus(common.bus.url, service, replica, parts.password, log, ssl_context=trust) as bus:
            health.ready["bus"] = lambda: bus.connected
            nursery.start_soon(say_alive, service, replica, bus, health)
            if service in control.ping.callers:
                nursery.start_soon(watch_storage, bus, health)
            log.info("process.started", pid=os.getpid())
            await app(
                Process(
                    service,
                    replica,
                    parts.settings,
                    common,
                    bus,
                    log,
                    draining,
                    health,
                    parts.tls,
                    reloads,
                    source=parts.source,
                )
            )
            if not draining.is_set():
                raise AppEnded(f"{service} ended without being asked to")
        drained = not health.cut
        nursery.cancel_scope.cancel()
    log.info("process.ended", drained=drained)
    return drained


def _ended_by(service: str, error: BaseException) -> int:
    for leaf in _leaves(error):
        if isinstance(leaf, ConfigurationError):
            return _say(service, leaf, EX_CONFIG)
        if isinstance(leaf, StartError):
            return _say(service, leaf, 1)
    get_logger().critical("process.crash", error=next(_leaves(error)), exc_info=error)
    return EX_SOFTWARE


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _say(service: str, error: EilpostError, code: int) -> int:
    line = " ".join(str(error).split())
    print(f"eilpost {service}: {line}", file=sys.stderr)  # noqa: T201
    return code


def _arguments(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[Path | None, bool]:
    """``(configuration file, only check)``."""
    named, check = environ.get("EILPOST_CONFIG"), False
    words = iter(argv)
    for word in words:
        if word == "--check":
            check = True
        elif word == "--config":
            named = next(words, None)
        elif word.startswith("--config="):
            named = word.removeprefix("--config=")
        else:
            raise ConfigurationError("arguments", word, "not understood", "give --config FILE, --check, or nothing")
        if not named and word.startswith("--config"):
            raise ConfigurationError("arguments", word, "no file named", "give --config FILE")
    return Path(named) if named else None, check


def _replica(environ: Mapping[str, str]) -> str:
    """The name of this replica: as the orchestrator says, else one that nobody else has."""
    name = environ.get("EILPOST_REPLICA") or new_ulid()[-10:].lower()
    if not _REPLICA.fullmatch(name):
        raise ConfigurationError("EILPOST_REPLICA", "replica", f"{name!r} is no name", "use letters, digits, - and _")
    return name


def _listeners(service: str, settings: object, path: Path | None) -> tuple[ListenerSpec, ...]:
    """The ports of a service: its settings' property ``listeners``, where it has one."""
    try:
        return tuple(getattr(settings, "listeners", ()))
    except ValueError as error:
        raise ConfigurationError(str(path), service, str(error), "choose a value in range") from error


def _tls(settings: TlsSettings, service: str) -> ssl.SSLContext | None:
    if settings.certificate is None or settings.key is None:
        return None
    authority = None if service in _STRANGERS else settings.client_authority
    return server_context(str(settings.certificate), str(settings.key), _ALPN.get(service, ()), authority)
