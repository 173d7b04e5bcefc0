"""One question to the running installation, over the bus, with the administrator's account.

The door of the command line: what the bus says is translated here, once, into one line on standard error and an
exit code of sysexits.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn, TypeVar

import trio

from services.admin.ungrouped import ungrouped
from shared.base.errors import ConfigurationError, StartError
from shared.base.settings import load
from shared.bus.client import Bus
from shared.bus.nats import NatsBus, open_bus
from shared.contracts.errors import Code, Refused, Unavailable
from shared.contracts.op import Op
from shared.observe.log import configure, get_logger
from shared.runtime.broker_trust import BrokerTrust
from shared.runtime.settings import BusSettings, bus_password

Q = TypeVar("Q")
R = TypeVar("R")

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOUSER = 64, 65, 66, 67
EX_UNAVAILABLE, EX_CANTCREAT, EX_NOPERM, EX_CONFIG = 69, 73, 77, 78
REACH = 5.0  # seconds until a broker that does not answer is told of
PLACES = (Path("var/eilpost.toml"), Path("/etc/eilpost/eilpost.toml"))

_EXIT_CODES = {
    Code.NOT_FOUND: EX_NOUSER,
    Code.ALREADY_EXISTS: EX_CANTCREAT,
    Code.CANNOT: EX_DATAERR,
    Code.MALFORMED: EX_DATAERR,
    Code.FORBIDDEN: EX_NOPERM,
    Code.IN_USE: EX_NOPERM,
    Code.LIMIT: EX_DATAERR,
}


def configuration(given: Path | None) -> Path | None:
    """The configuration file: as given, ``EILPOST_CONFIG``, or the first of `PLACES` that is there."""
    if given is not None:
        return given
    if named := os.environ.get("EILPOST_CONFIG"):
        return Path(named)
    return next((place for place in PLACES if place.is_file()), None)


@asynccontextmanager
async def administrator(config: Path | None, account: str = "admin") -> AsyncIterator[NatsBus]:
    """The bus, as the administrator, or as another account of the command line. Raises `ConfigurationError`."""
    settings = load("bus", BusSettings, config, os.environ)
    password = bus_password(settings, account, os.environ)
    trust = BrokerTrust(settings)
    replica = f"cli{os.getpid()}"
    async with open_bus(settings.url, account, replica, password, get_logger(), ssl_context=trust) as bus:
        yield bus


def with_bus(config: Path | None, work: Callable[[Bus], Awaitable[R]], account: str = "admin") -> R:
    """Run ``work`` on the bus and return what it returns, or leave the program with a message."""
    configure("admin", str(os.getpid()), level="error", stream=sys.stderr)  # standard output belongs to the answer

    async def run() -> R:
        async with administrator(config, account) as bus:
            with trio.move_on_after(REACH):
                await bus.wait_connected()
            if not bus.connected:
                raise Unavailable(f"no connection to the bus: {bus.trouble or 'silence'}")
            return await work(bus)

    try:
        with ungrouped():
            return trio.run(run)
    except Refused as error:
        fail(error.text or error.code.value, exit_code(error.code))
    except ConfigurationError as error:
        fail(str(error), EX_CONFIG)
    except Unavailable as error:
        fail(f"{error}; is the server running? (eilpost status)", EX_UNAVAILABLE)
    except StartError as error:
        fail(str(error), 1)


def ask(config: Path | None, op: Op[Q, R], request: Q) -> R:
    """One call and its reply."""

    async def work(bus: Bus) -> R:
        return await bus.call(op, request)

    return with_bus(config, work)


def exit_code(code: Code) -> int:
    """What a refusal is to whoever called the command."""
    return _EXIT_CODES.get(code, EX_UNAVAILABLE)


def fail(message: str, code: int) -> NoReturn:
    """One line on standard error, and the end."""
    print(f"eilpost: {message}", file=sys.stderr)
    raise SystemExit(code)
