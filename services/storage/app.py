"""The wiring of storage, and its life: open, migrate, serve, drain, close.

The database's threads outlive the subscriber: calls that were taken are answered before the rooms close.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import NamedTuple

import trio

from services.storage.authority import Authority
from services.storage.backup.snapshot import snapshots
from services.storage.bearers import Bearers
from services.storage.blobs.data_port import DataPort
from services.storage.blobs.opening import open_blobs
from services.storage.blobs.tickets import Tickets
from services.storage.census import watch_spool
from services.storage.config import StorageSettings
from services.storage.disk import DiskGuard
from services.storage.engines.database import Database
from services.storage.engines.open import open_database
from services.storage.forwarding import Forwarding
from services.storage.gate import Gate, Restored, restoring
from services.storage.handlers import (
    accounts,
    acl,
    aliases,
    backup,
    blobs,
    control,
    directory,
    dkim,
    domains,
    greylist,
    imap_events,
    mailboxes,
    maildrop,
    mend,
    messages,
    metadata,
    outbound,
    queue,
    quota,
    reports,
    restore,
    restore_file,
    search,
    senders,
    sieve,
    sorting,
    spool,
    verify,
)
from services.storage.keys import Purpose, load_keys
from services.storage.left_behind import publish_what_is_left
from services.storage.logins import Logins
from services.storage.memory import Memory
from services.storage.migrations.run import migrate
from services.storage.outbox import Outbox
from services.storage.proofs import Proofs
from services.storage.registry import AnyRow
from services.storage.repositories import login_failures
from services.storage.repositories.flagsets import FlagSets
from services.storage.repositories.login_failures import Failed
from services.storage.resolver import Resolver
from services.storage.rooms import Rooms
from services.storage.rules.passwords import SALT, hash_password
from services.storage.search.indexer import Indexer
from services.storage.search.vocabulary import Vocabulary
from services.storage.secrets import Vault, read_key
from services.storage.subscriber import Subscriber
from services.storage.sweeper import Sweeper
from services.storage.vigilance import watch_failures
from shared.base.clock import SteadyClock
from shared.contracts.control import Serving, serving
from shared.contracts.directory import account_changed
from shared.contracts.restore import stage
from shared.contracts.spool import Ready, ready
from shared.net.http import serve_http
from shared.runtime.process import Process
from shared.runtime.supervisor import keep


class Found(NamedTuple):
    """What was made ready in a thread, before the first request."""

    keys: dict[Purpose, bytes]
    dummy: str
    failures: list[Failed]
    restoring: bool


async def run(process: Process[StorageSettings]) -> None:
    """Serve until draining, then until the last answer is given. Raises `StartError` and `ConfigurationError`."""
    settings = process.settings
    database = await trio.to_thread.run_sync(
        open_database, settings.database_url, settings.postgresql, process.source
    )
    with closing(database):
        clock = SteadyClock(await trio.to_thread.run_sync(database.now))
        found = await trio.to_thread.run_sync(_prepare, database, clock())
        parts = Parts(process, database, clock, found)
        async with trio.open_nursery() as nursery:
            await nursery.start(parts.rooms.run)
            await _serve(process, parts)
            nursery.cancel_scope.cancel()


def _prepare(database: Database, now: float) -> Found:
    """Bring the schema up to date and read what is needed before the first request."""
    with database.patient_writer() as connection, connection.begin():
        migrate(connection)
        keys = load_keys(connection)
        dummy = hash_password("nobody", keys[Purpose.ENUMERATION][:SALT])
        return Found(keys, dummy, login_failures.today(connection, now), restoring(connection))


class Parts:
    """All parts of one process, made and joined."""

    def __init__(
        self, process: Process[StorageSettings], database: Database, clock: SteadyClock, found: Found
    ) -> None:
        settings, log = process.settings, process.log
        self.database = database
        self.clock = clock
        self.server_keys = found.keys
        self.blobs = open_blobs(settings, log, process.source)
        self.gate = Gate(found.restoring)
        self.disk = DiskGuard(database, settings.keep_free, log)
        self.disk.look()
        self.rooms = Rooms(database, clock, Outbox(process.bus).publish, log, settings.rooms)
        self.authority = Authority(found.keys[Purpose.GRANT], clock, settings.login.grant_lifetime)
        self.forwarding = Forwarding(found.keys[Purpose.SRS], clock)
        self.resolver = Resolver(
            clock, settings.subaddress, settings.aliases_deep, self.forwarding, settings.appointed
        )
        common = process.common
        key = partial(read_key, settings.login.apop_key)
        vault = Vault(common.login.mechanisms, common.login.scram_iterations, key())
        self.logins = Logins(settings.login, found.keys, found.dummy, vault, self.rooms, self.authority, clock, log)
        self.proofs = Proofs(self.logins, found.keys, vault, clock)
        self.bearers = Bearers(self.logins, common.login, common.tls.client_authority, clock, log)
        process.reloads.extend((lambda: vault.renew(key()), self.bearers.reload))
        self.logins.throttle.load(clock(), found.failures)
        self.memory = Memory(self.authority, self.logins, self.resolver)
        self.tickets = Tickets(found.keys[Purpose.TICKET], settings.port.url, clock, settings.port.ticket_lifetime)
        self.data_port = DataPort(self.blobs, self.tickets, self.rooms, snapshots(database), log)
        who = process.replica if database.shared else ""
        self.indexer = Indexer(settings.search, self.rooms, self.blobs.read, who, log)
        self.vocabulary = Vocabulary(settings.search.vocabulary, self.rooms, process.replica, log)
        self.sweeper = Sweeper(
            settings.sweep,
            settings.spool.keep_settled,
            self.rooms,
            self.blobs,
            found.keys[Purpose.OBJECTS].hex(),
            process.replica,
            clock,
            log,
        )

    def ready(self) -> bool:
        """Whether requests are served now."""
        return not (self.rooms.congested or self.disk.full or self.gate.closed)

    def rows(self, process: Process[StorageSettings]) -> Iterator[AnyRow]:
        """Everything that is served."""
        flagsets = FlagSets()
        yield from control.rows(process.replica)
        yield from directory.rows(self.resolver, self.logins, self.proofs, self.bearers, self.authority, self.rooms)
        yield from domains.rows(self.memory)
        yield from accounts.rows(self.memory, self.logins, self.rooms, process.settings.default_mailboxes)
        yield from aliases.rows(self.memory)
        yield from senders.rows(self.memory)
        yield from greylist.ROWS
        yield from dkim.rows(self.server_keys[Purpose.DKIM], self.resolver, self.rooms)
        yield from spool.rows(process.settings.spool, self.resolver, self.tickets, process.log)
        yield from queue.ROWS
        yield from blobs.rows(self.tickets, process.settings.largest_upload)
        yield from mailboxes.rows(flagsets)
        yield from acl.ROWS
        yield from metadata.rows(process.settings.metadata, process.settings.administrating)
        yield from quota.rows(process.settings.administrating, self.memory.rerouting)
        yield from messages.rows(flagsets, self.tickets, self.forwarding)
        yield from maildrop.rows(flagsets)
        yield from search.rows(self.blobs.read)
        yield from imap_events.rows(flagsets, self.forwarding, self.tickets)
        yield from sieve.rows(process.settings.sieve, self.memory, self.tickets, self.clock)
        yield from sorting.ROWS
        yield from outbound.ROWS
        yield from reports.ROWS
        yield from backup.rows(self.tickets, self.blobs.folder)
        yield from restore.rows(self.gate)
        yield from restore_file.rows(flagsets)
        yield from verify.rows(self.blobs.read)
        yield from mend.rows(self.blobs.read, flagsets, self.rooms, process.log)


async def _serve(process: Process[StorageSettings], parts: Parts) -> None:
    async with trio.open_nursery() as nursery:
        closed = await nursery.start(_listen, process, parts)
        nursery.start_soon(partial(keep, "sweeper", parts.sweeper.run, log=process.log))
        nursery.start_soon(partial(keep, "renewals", parts.logins.renewals.run, log=process.log))
        if process.settings.search.index:
            nursery.start_soon(partial(keep, "indexer", parts.indexer.run, log=process.log))
            nursery.start_soon(partial(keep, "vocabulary", parts.vocabulary.run, log=process.log))
        nursery.start_soon(parts.disk.run)
        nursery.start_soon(watch_spool, parts.rooms, parts.clock)
        if parts.database.shared:
            nursery.start_soon(watch_failures, parts.rooms, parts.logins.throttle, parts.clock)
            nursery.start_soon(publish_what_is_left, parts.rooms, process.log)
        changes = process.bus.subscribe(account_changed, parts.memory.changed, on_gap=parts.memory.forget_all)
        stages = process.bus.subscribe(stage, parts.gate.told)
        subscriber = Subscriber(
            process.bus, parts.rooms, parts.authority, parts.disk, parts.gate, nursery, process.log
        )
        subscriber.open(parts.rows(process))
        process.health.ready["storage"] = parts.ready
        process.bus.publish(serving, Serving(process.replica))
        process.bus.publish(ready, Ready(1, 1))  # what waits since the last run
        gc.freeze()  # what lives as long as the process is not looked at again
        process.log.info("storage.ready", database=parts.database.name)
        await _end(process, parts.gate)
        await subscriber.close()
        if parts.gate.restored.is_set():
            raise Restored("a backup was restored; storage starts again with what it held")
        await closed.wait()
        changes.close()
        stages.close()
        nursery.cancel_scope.cancel()


async def _end(process: Process[StorageSettings], gate: Gate) -> None:
    """Until it drains, or has to start again."""
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        nursery.start_soon(wait, process.draining)
        nursery.start_soon(wait, gate.restored)


async def _listen(
    process: Process[StorageSettings],
    parts: Parts,
    task_status: trio.TaskStatus[trio.Event] = trio.TASK_STATUS_IGNORED,
) -> None:
    """The data port, until its last exchange after draining; the event that `start` returns says that it has ended.

    Tickets name where it listens unless the settings say how fronts reach it.
    """
    port = process.settings.port
    closed = trio.Event()

    def listening(where: Mapping[str, tuple[str, int]]) -> None:
        if not port.url:
            host, number = where["data"]
            parts.tickets.base = f"http://[{host}]:{number}" if ":" in host else f"http://{host}:{number}"
        task_status.started(closed)

    await serve_http(
        process.settings.listeners,
        parts.data_port.answer,
        draining=process.draining,
        drain_timeout=process.common.drain.timeout,
        log=process.log,
        idle_timeout=port.idle_timeout,
        on_listening=listening,
    )
    closed.set()
