"""The sections of the configuration that all services share."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from shared.base.errors import ConfigurationError
from shared.base.settings import load
from shared.contracts.subjects import SERVICES
from shared.net.dns_settings import DnsSettings
from shared.net.limits import ConnectionLimits
from shared.observe.log import LEVELS
from shared.observe.tracing import TracingSettings
from shared.protocols.sasl.registry import MECHANISMS, TOKENS, USUAL
from shared.runtime.health_settings import HealthSettings

_HOSTNAME = re.compile(r"[A-Za-z0-9_.-]{1,255}")


def require_hostname(name: str) -> None:
    """Raise ValueError for what no host is called: it stands in greetings, header fields and DNS records."""
    if not _HOSTNAME.fullmatch(name):
        raise ValueError(f"hostname {name!r} is no domain name in A-labels")


@dataclass(frozen=True)
class InstallationSettings:
    """Section ``[common]``."""

    hostname: str = field(default_factory=socket.gethostname)  # how this installation calls itself

    def __post_init__(self) -> None:
        require_hostname(self.hostname)


@dataclass(frozen=True)
class BusSettings:
    """Section ``[bus]``. The password is that of the service's own account on the broker."""

    url: tuple[str, ...] = ("ws://127.0.0.1:4278",)  # ws, wss, nats or tls; several for a cluster
    credentials: Path | None = None  # folder with one file <service>.password each
    password: str = field(default="", repr=False)  # instead of the folder; by EILPOST_BUS__PASSWORD or ..._FILE
    authority: Path | None = None  # PEM of the authority that signed the broker's certificate; else the system's

    def __post_init__(self) -> None:
        if not self.url:
            raise ValueError("url names no broker")
        for url in self.url:
            if not url.startswith(("ws://", "wss://", "nats://", "tls://")):
                raise ValueError(f"url {url!r} does not begin with ws://, wss://, nats:// or tls://")


@dataclass(frozen=True)
class TlsSettings:
    """Section ``[tls]``: PEM files, read again when they change. Without them there is no TLS."""

    certificate: Path | None = None  # the chain, leaf first
    key: Path | None = None
    client_authority: Path | None = None  # who signs our users' certificates (EXTERNAL), for all but SMTP

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key go together")


@dataclass(frozen=True)
class LogSettings:
    """Section ``[log]``."""

    level: str = "info"
    format: str = "auto"  # json, text, or auto: text on a terminal

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise ValueError(f"level is one of {', '.join(LEVELS)}")
        if self.format not in ("auto", "json", "text"):
            raise ValueError("format is auto, json or text")

    @property
    def json(self) -> bool | None:
        """As `shared.observe.log.configure` wants it."""
        return None if self.format == "auto" else self.format == "json"


@dataclass(frozen=True)
class DrainSettings:
    """Section ``[drain]``: what happens between SIGTERM and the end. Times are in seconds."""

    delay: float = 0.0  # unready but still accepting, until the balancer has noticed
    timeout: float = 20.0  # for sessions to end by themselves, after accepting stopped
    grace: float = 5.0  # for the rest of the process after that

    def __post_init__(self) -> None:
        if min(self.delay, self.timeout, self.grace) < 0:
            raise ValueError("delay, timeout and grace must not be below 0")


@dataclass(frozen=True)
class OauthSettings:
    """Section ``[login.oauth]``: whose tokens are believed."""

    keys: str = ""  # the issuer's JWK set: an https URL, or a file
    issuer: str = ""
    audience: str = ""  # how the issuer calls this installation
    claim: str = "email"  # which names the user's address
    algorithms: tuple[str, ...] = ("RS256", "ES256", "EdDSA")


@dataclass(frozen=True)
class LoginSettings:
    """Section ``[login]``: how users prove who they are, in all protocols."""

    mechanisms: tuple[str, ...] = USUAL  # as offered; -PLUS comes with a SCRAM wherever TLS allows it
    plus_on_tls13: bool = False  # -PLUS there too, with tls-server-end-point; GNU SASL (neomutt, mpop) then fails
    scram_iterations: int = 50_000  # of verifiers made from now on; Cyrus SASL (mutt, mbsync) refuses above 65,536
    oauth: OauthSettings = field(default_factory=OauthSettings)

    def __post_init__(self) -> None:
        unknown = [name for name in self.mechanisms if name not in MECHANISMS]
        if unknown:
            raise ValueError(f"unknown mechanism {unknown[0]}; known are {', '.join(sorted(MECHANISMS))}")
        if self.scram_iterations < 4096:
            raise ValueError("scram_iterations must be at least 4096")
        oauth = self.oauth
        if not TOKENS.isdisjoint(self.mechanisms) and not (oauth.keys and oauth.issuer and oauth.audience):
            raise ValueError("OAUTHBEARER and XOAUTH2 need keys, issuer and audience in [login.oauth]")


USUAL_LOGINS = LoginSettings()


@dataclass(frozen=True)
class Common:
    """All shared sections, each under its name."""

    common: InstallationSettings = field(default_factory=InstallationSettings)
    bus: BusSettings = field(default_factory=BusSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    log: LogSettings = field(default_factory=LogSettings)
    health: HealthSettings = field(default_factory=HealthSettings)
    drain: DrainSettings = field(default_factory=DrainSettings)
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    dns: DnsSettings = field(default_factory=DnsSettings)
    login: LoginSettings = field(default_factory=LoginSettings)
    tracing: TracingSettings = field(default_factory=TracingSettings)

    @property
    def hostname(self) -> str:
        return self.common.hostname


SECTIONS = frozenset({entry.name for entry in fields(Common)} | SERVICES | {"master"})


def load_common(path: Path | None, environ: Mapping[str, str]) -> Common:
    """The shared sections, from the file and the environment. Raises `ConfigurationError`."""
    return Common(
        common=load("common", InstallationSettings, path, environ),
        bus=load("bus", BusSettings, path, environ),
        tls=load("tls", TlsSettings, path, environ),
        log=load("log", LogSettings, path, environ),
        health=load("health", HealthSettings, path, environ),
        drain=load("drain", DrainSettings, path, environ),
        limits=load("limits", ConnectionLimits, path, environ),
        dns=load("dns", DnsSettings, path, environ),
        login=load("login", LoginSettings, path, environ),
        tracing=load("tracing", TracingSettings, path, environ),
    )


def bus_password(settings: BusSettings, service: str, environ: Mapping[str, str]) -> str:
    """The password of ``service`` on the broker: as set, else from its file. Raises `ConfigurationError`."""
    if settings.password:
        return settings.password
    if settings.credentials is None:
        raise ConfigurationError(
            environ.get("EILPOST_CONFIG", "[bus]"),
            "bus.credentials",
            "no password for the bus",
            "name the folder with the .password files, or set EILPOST_BUS__PASSWORD_FILE",
        )
    path = settings.credentials / f"{service}.password"
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            str(path), "bus.credentials", f"cannot be read: {error}", "let `eilpost up` make it, or put it there"
        ) from error
