"""The processes of the master: started, watched, started again, stopped in order.

1. A child that ends before the installation was ready once ends the installation, with the child's own exit code: it
   said on its standard error what is wrong, and trying again would not help.
2. After that every end is answered with a new start, at once if the child lived for a while or drained, else after a
   delay that doubles up to `LONGEST_DELAY`. Nothing but a stop ends the attempts: the cause may lie outside and pass.
3. No child outlives the master: the kernel sends it SIGTERM when the thread that started it dies. Therefore children
   are started by the main thread, and not through `trio.run_process`, which uses a passing worker thread.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import trio

from shared.observe.log import Log

SETTLED = 5.0  # seconds of life after which a start counts as good
FIRST_DELAY = 0.1
LONGEST_DELAY = 2.0  # so that all is back within five seconds even after a series of deaths
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def _prepare() -> None:
    """In the child: die with the parent, and let no SIGHUP end it before it listens to it."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


class ChildFailed(Exception):
    """A child ended before everything was ready."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} ended with {code}")
        self.name = name
        self.code = code


@dataclass
class Child:
    """One process, through all its lives."""

    service: str
    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    stopping: trio.Event = field(default_factory=trio.Event)
    ended: trio.Event = field(default_factory=trio.Event)  # it will not be started again

    @property
    def pid(self) -> int:
        """Process id, 0 while it is not running."""
        process = self.process
        return 0 if process is None or process.poll() is not None else process.pid


def _start(child: Child) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(child.command),
        env={**os.environ, **child.environment},
        pass_fds=tuple(child.descriptors),
        stdin=subprocess.DEVNULL,
        preexec_fn=_prepare,
        start_new_session=True,  # Ctrl-C on a terminal reaches the master alone, which stops in order
    )


async def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of a process without a thread: its descriptor becomes readable."""
    descriptor = os.pidfd_open(process.pid)
    try:
        while (code := process.poll()) is None:
            await trio.lowlevel.wait_readable(descriptor)
    finally:
        trio.lowlevel.notify_closing(descriptor)
        os.close(descriptor)
    return code


class Children:
    """All children. ``ready`` is set by the owner once the installation was ready for the first time."""

    def __init__(self, log: Log, on_change: Callable[[], None]) -> None:
        self._log = log
        self._on_change = on_change
        self._children: list[Child] = []
        self.ready = trio.Event()

    def pids(self) -> dict[str, list[int]]:
        """Running process ids by service."""
        found: dict[str, list[int]] = {}
        for child in self._children:
            if child.pid:
                found.setdefault(child.service, []).append(child.pid)
        return found

    def add(self, child: Child, nursery: trio.Nursery) -> None:
        """Start ``child`` and keep it running, in ``nursery``."""
        self._children.append(child)
        nursery.start_soon(self._keep, child)

    async def _keep(self, child: Child) -> None:
        delay = FIRST_DELAY
        try:
            while not child.stopping.is_set():
                started = trio.current_time()
                code = await self._live(child)
                if child.stopping.is_set():
                    return
                if not self.ready.is_set():
                    raise ChildFailed(child.service, code)
                lived = trio.current_time() - started
                if code == 0:
                    self._log.info("process.drained", child=child.service, lived=round(lived, 1))
                    continue
                delay = FIRST_DELAY if lived >= SETTLED else min(delay * 2, LONGEST_DELAY)
                self._log.error("process.ended", child=child.service, code=code, lived=round(lived, 1))
                if lived < SETTLED:
                    await trio.sleep(delay)
        finally:
            child.ended.set()

    async def _live(self, child: Child) -> int:
        process = _start(child)
        child.process = process
        self._on_change()
        try:
            return await _wait(process)
        except trio.Cancelled:
            process.kill()
            process.wait()
            raise

    def hang_up(self) -> None:
        """SIGHUP to all: they read their secrets again."""
        for child in self._children:
            if child.pid and child.process is not None:
                child.process.send_signal(signal.SIGHUP)

    async def stop(self, services: Sequence[str], timeout: float) -> None:
        """SIGTERM to all processes of ``services``; SIGKILL to those that are left after ``timeout`` seconds."""
        chosen = [child for child in self._children if child.service in services]
        for child in chosen:
            child.stopping.set()
            if child.pid and child.process is not None:
                child.process.terminate()
        with trio.move_on_after(timeout):
            for child in chosen:
                await child.ended.wait()
        for child in chosen:
            if child.pid and child.process is not None:
                self._log.error("process.killed", child=child.service, pid=child.pid)
                child.process.kill()
