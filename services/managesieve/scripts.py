"""Is a script right? The same engine answers that delivery runs it with."""

from __future__ import annotations

import trio

from services.managesieve.errors import No
from shared.sieve.catalogue import REGISTRY
from shared.sieve.errors import SieveError
from shared.sieve.script import compile_script

AT_ONCE = 4 * 1024  # octets; a longer script is compiled in a thread, so that others get their turns


async def check(octets: bytes) -> None:
    """Raises `No` with line and column of the first thing that is wrong."""
    try:
        if len(octets) <= AT_ONCE:
            compile_script(octets, REGISTRY)
        else:
            await trio.to_thread.run_sync(compile_script, octets, REGISTRY)
    except SieveError as error:
        raise No(str(error)) from error
