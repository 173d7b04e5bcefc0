"""What a container runtime is told of a process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import structlog
import trio

from shared.base.errors import ConfigurationError
from shared.runtime.health import Health, serve_health
from shared.runtime.health_settings import HealthSettings
from shared.runtime.probe import NotWell, probe
from tests.support.ports import free_port


async def test_what_the_page_says_is_told(nursery: trio.Nursery) -> None:
    port = free_port()
    health = Health("imap")
    nursery.start_soon(serve_health, health, HealthSettings(port=port), structlog.get_logger())
    asked = {"EILPOST_HEALTH__PORT": str(port), "EILPOST_HEALTH__HOST": "0.0.0.0"}
    with trio.fail_after(5):
        while True:
            try:
                await trio.to_thread.run_sync(probe, "live", None, asked)
                break
            except NotWell:
                await trio.sleep(0.02)
    health.draining = True
    with pytest.raises(NotWell):
        await trio.to_thread.run_sync(probe, "ready", None, asked)
    assert await trio.to_thread.run_sync(probe, "live", None, asked)


def test_without_a_page_it_says_so() -> None:
    with pytest.raises(ConfigurationError):
        probe("live", None, {})
    with pytest.raises(NotWell):
        probe("live", None, {"EILPOST_HEALTH__PORT": str(free_port())})


def test_as_a_program_it_is_an_exit_code_and_imports_little(tmp_path: Path) -> None:
    program = [sys.executable, "-X", "importtime", "-m", "shared.runtime.probe", "live"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "health.port" in done.stdout
    assert not any(heavy in done.stderr for heavy in ("trio", "structlog", "msgpack", "click"))
