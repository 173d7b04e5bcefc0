"""``eilpost bus``: what a broker of one's own must know of the services."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import click

from services.admin.asking import EX_CANTCREAT, fail
from services.admin.master.broker import ensure_password, ensure_passwords, write_private
from shared.bus.configuration import Cluster, Listeners, server_configuration

ROUTE_PORT = 6222


@click.group()
def bus() -> None:
    """The broker's configuration and the services' passwords on it."""


@bus.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--host", default="0.0.0.0", show_default=True, help="where the broker listens")  # noqa: S104
@click.option("--websocket", type=click.IntRange(0, 65535), default=8222, show_default=True, help="its port; 0: off")
@click.option("--client", type=click.IntRange(0, 65535), default=0, help="port of the bare protocol; 0: off")
@click.option("--monitor", type=click.IntRange(0, 65535), default=0, help="port of its health pages; 0: off")
@click.option("--certificate", default="", help="PEM file where the broker runs, for TLS on all its ports")
@click.option("--key", default="", help="and its key")
@click.option(
    "--route", "routes", multiple=True, metavar="HOST[:PORT]", help="each broker of a cluster, this one too"
)
@click.option(
    "--name", default="eilpost", show_default=True, help="the broker's name; $VARIABLE: from its environment"
)
@click.option("--kubernetes", metavar="RELEASE", help="print Secrets for the chart's release of this name")
def config(
    directory: Path,
    host: str,
    websocket: int,
    client: int,
    monitor: int,
    certificate: str,
    key: str,
    routes: tuple[str, ...],
    name: str,
    kubernetes: str | None,
) -> None:
    """Write nats.conf and secrets/SERVICE.password into DIRECTORY, each service with the rights it needs.

    Passwords that are there are kept, so that this may be run again after an upgrade, which may bring new rights.
    """
    listeners = Listeners(host, websocket, client, monitor, certificate, key)
    secrets = directory / "secrets"
    try:
        passwords = ensure_passwords(secrets)
        cluster = None
        if routes:
            named = tuple(route if ":" in route else f"{route}:{ROUTE_PORT}" for route in routes)
            cluster = Cluster(named, ensure_password(secrets / "route.password"), port=ROUTE_PORT)
        text = server_configuration(listeners, passwords, name, cluster)
        write_private(directory / "nats.conf", text)
    except OSError as error:
        fail(f"{error.filename or directory}: {error.strerror}", EX_CANTCREAT)
    if kubernetes is not None:
        print(json.dumps(manifests(kubernetes, passwords, text), indent=2))


def manifests(release: str, passwords: Mapping[str, str], configuration: str) -> dict[str, object]:
    """A Kubernetes List of Secrets: one a service, which no other service's pods see, and the broker's."""
    secrets = [
        _secret(f"{release}-bus-{service}", {f"{service}.password": password})
        for service, password in sorted(passwords.items())
    ]
    secrets.append(_secret(f"{release}-bus-server", {"nats.conf": configuration}))
    return {"apiVersion": "v1", "kind": "List", "items": secrets}


def _secret(name: str, files: Mapping[str, str]) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "eilpost"}},
        "type": "Opaque",
        "data": {file: b64encode(text.encode()).decode() for file, text in files.items()},
    }
