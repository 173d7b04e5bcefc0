"""The text of nats-server's configuration: listeners, limits, and one account for each service.

What a service may do is `shared.contracts.subjects.permissions` and nothing else. ``allow_responses`` stands nowhere:
it would let a server publish to any subject that a caller names as its reply subject.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from shared.contracts.subjects import permissions

MAX_PAYLOAD = 1024 * 1024  # octets
MAX_PENDING = 8 * 1024 * 1024  # octets that may wait for one client before it is cut off
MAX_CONTROL_LINE = 4096  # octets
_ROUTE_USER = "route"


@dataclass(frozen=True)
class Listeners:
    """Where the broker listens; a port of 0 switches a listener off, -1 lets the system choose.

    ``certificate`` and ``key`` are files; without them listeners speak in clear, which belongs on loopback.
    """

    host: str = "127.0.0.1"
    websocket: int = 8222
    client: int = 0
    monitor: int = 0
    certificate: str = ""
    key: str = ""


@dataclass(frozen=True)
class Cluster:
    """Brokers that act as one. ``routes`` are all of them as ``host:port``, this one too: it knows itself."""

    routes: tuple[str, ...]
    password: str  # guards the routes; nothing else is ever sent over them in clear, but what the bus carries
    name: str = "eilpost"
    host: str = "0.0.0.0"  # noqa: S104 - brokers are met on the network they share
    port: int = 6222


def server_configuration(
    listeners: Listeners, passwords: Mapping[str, str], name: str = "eilpost", cluster: Cluster | None = None
) -> str:
    """The whole file. ``passwords`` maps service to password, in clear or as bcrypt (``$2a$...``).

    A ``name`` that begins with ``$`` is a variable of the broker's environment: brokers of one cluster share a file
    and must not share a name.
    """
    sections = [
        f"server_name: {name if name.startswith('$') else _quoted(name)}",
        *_limits(),
        *_listening(listeners),
        *(_clustered(cluster) if cluster else ()),
        _authorization(passwords),
    ]
    return "\n".join(sections) + "\n"


def _limits() -> list[str]:
    return [
        f"max_payload: {MAX_PAYLOAD}",
        f"max_pending: {MAX_PENDING}",
        f"max_control_line: {MAX_CONTROL_LINE}",
        'write_deadline: "2s"',
        'ping_interval: "10s"',
        "ping_max: 2",
        "no_sys_acc: true",
    ]


def _listening(listeners: Listeners) -> list[str]:
    host = listeners.host
    tls = _tls(listeners)
    lines = []
    if listeners.client:
        lines += [f"host: {_quoted(host)}", f"port: {listeners.client}"]
        lines += [f"tls {{ {tls} }}"] if tls else []
    else:
        lines += ['host: "127.0.0.1"', "port: -1"]
    if listeners.websocket:
        security = f"tls {{ {tls} }}" if tls else "no_tls: true"
        lines.append(f"websocket {{ host: {_quoted(host)}, port: {listeners.websocket}, {security} }}")
    if listeners.monitor:
        lines.append(f"http: {_quoted(f'{host}:{listeners.monitor}')}")
    return lines


def _clustered(cluster: Cluster) -> list[str]:
    routes = tuple(f"nats-route://{_ROUTE_USER}:{cluster.password}@{route}" for route in cluster.routes)
    return [
        f"cluster {{ name: {_quoted(cluster.name)}, listen: {_quoted(f'{cluster.host}:{cluster.port}')},",
        f"  authorization {{ user: {_quoted(_ROUTE_USER)}, password: {_quoted(cluster.password)}, timeout: 2 }},",
        f"  routes: {_listed(routes)} }}",
    ]


def _tls(listeners: Listeners) -> str:
    if not listeners.certificate:
        return ""
    return f"cert_file: {_quoted(listeners.certificate)}, key_file: {_quoted(listeners.key)}"


def _authorization(passwords: Mapping[str, str]) -> str:
    users = ",\n".join(_user(service, password) for service, password in sorted(passwords.items()))
    return f"authorization {{\n  users: [\n{users}\n  ]\n}}"


def _user(service: str, password: str) -> str:
    granted = permissions(service)
    return (
        f"    {{ user: {_quoted(service)}, password: {_quoted(password)}, permissions: {{\n"
        f"      publish: {{ allow: {_listed(granted.publish)} }},\n"
        f"      subscribe: {{ allow: {_listed(granted.subscribe)} }} }} }}"
    )


def _listed(patterns: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_quoted, patterns))}]"


def _quoted(text: str) -> str:
    return json.dumps(text)
