"""Everything that a cluster has, on one machine: three brokers, PostgreSQL with a standby, an S3 server, and several
processes of every service."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from tests.support.brokers import BrokerCluster, running_brokers
from tests.support.house import House
from tests.support.objects import ACCESS_KEY, BUCKET, REGION, S3Server
from tests.support.postgresql import SUPERUSER, PostgresServer, running_postgres

SERVICES = ("storage", "delivery", "smtp", "imap", "pop3", "managesieve")
TWO_OF_EACH = dict.fromkeys(SERVICES, 2)
SETTINGS = """
[limits]
connections_per_address = 10000

[delivery]
lease = 15.0

[storage.objects]
endpoint = "{endpoint}"
region = "{region}"
key = "{key}"
secret = "{secret}"
"""


@dataclass
class Installation:
    house: House
    brokers: BrokerCluster
    primary: PostgresServer
    standby: PostgresServer | None  # None in the figures, where nobody waits for a second disk
    objects: S3Server


@contextmanager
def running_installation(
    replicas: Mapping[str, int] | None = None, *, standby: bool = True, settings: str = ""
) -> Iterator[Installation]:
    """Start all of it; stop and remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="eilpost-scale-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        brokers = stack.enter_context(running_brokers(_made(folder / "brokers")))
        primary = stack.enter_context(running_postgres())
        database = primary.create()
        hosts = f"127.0.0.1:{primary.port}"
        second = None
        if standby:
            second = following(primary)
            stack.callback(second.stop)
            hosts += f",127.0.0.1:{second.port}"
        objects = S3Server(folder / "objects")
        stack.callback(objects.kill)
        trio.run(objects.start)
        texts = SETTINGS.format(endpoint=objects.endpoint, region=REGION, key=ACCESS_KEY, secret=objects.secret_file)
        url = f"postgresql://{SUPERUSER}@{hosts}/{database}?target_session_attrs=read-write"
        house = House(folder / "house", replicas=replicas or TWO_OF_EACH, settings=texts + settings, database=url)
        _join(house, brokers)
        stack.callback(house.stop)
        house.start()
        yield Installation(house, brokers, primary, second, objects)


def following(primary: PostgresServer) -> PostgresServer:
    """A standby without which ``primary`` commits nothing from now on, so that nothing is lost with it."""
    folder = primary.folder.parent / "standby"
    folder.mkdir()
    standby = primary.standby(folder)
    primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.execute("SELECT pg_reload_conf()")
    return standby


def _join(house: House, brokers: BrokerCluster) -> None:
    """Change the development configuration: brokers and bodies are elsewhere."""
    text = house.config.read_text()
    urls = ", ".join(f'"{url}"' for url in brokers.urls())
    own = f'"ws://127.0.0.1:{house.ports["bus"]}"'
    for old, new in (
        (f"url = [{own}]", f"url = [{urls}]"),
        ('credentials = "secrets"', f'credentials = "{brokers.secrets}"'),
        ("[master.broker]\n", "[master.broker]\nenabled = false\n"),
        ("[storage]\n", f'[storage]\nblobs = "s3://{BUCKET}/mail"\n'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    house.config.write_text(text)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
