from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from subprocess import PIPE, CompletedProcess
from typing import Any

import pytest
import trio

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[4]
COMMAND = [sys.executable, "-m", "tests.unit.shared.runtime.sample"]
NOWHERE = 'url = ["nats://127.0.0.1:1"]\npassword = "x"'
TIMEOUT = 30  # seconds for a process to do what a test waits for


def configuration(tmp_path: Path, imap: str = "", rest: str = "") -> list[str]:
    path = tmp_path / "eilpost.toml"
    path.write_text(f"[bus]\n{NOWHERE}\n[imap]\n{imap}\n{rest}\n")
    return ["--config", str(path)]


async def ended(*arguments: str) -> CompletedProcess[bytes]:
    """The process of the sample service, once it has ended by itself."""
    with trio.fail_after(TIMEOUT):
        return await trio.run_process(
            [*COMMAND, *arguments], cwd=ROOT, check=False, capture_stdout=True, capture_stderr=True
        )


@asynccontextmanager
async def started(*arguments: str, port: int) -> AsyncIterator[trio.Process]:
    """The running process, once it answers on ``port``."""
    async with trio.open_nursery() as nursery:
        process: trio.Process = await nursery.start(
            partial(trio.run_process, [*COMMAND, *arguments], cwd=ROOT, check=False, stdout=PIPE)
        )
        try:
            with trio.fail_after(TIMEOUT):
                while not await accepts(port):  # noqa: ASYNC110 - another process
                    await trio.sleep(0.05)
            yield process
        finally:
            process.kill()


async def lines(process: trio.Process) -> list[dict[str, Any]]:
    assert process.stdout is not None
    text = b"".join([piece async for piece in process.stdout])
    return [json.loads(line) for line in text.splitlines()]


async def test_a_configuration_can_be_checked(tmp_path: Path) -> None:
    result = await ended(*configuration(tmp_path, "port = 1143"), "--check")
    assert result.returncode == 0
    assert json.loads(result.stdout) == [{"name": "imap", "host": "127.0.0.1", "port": 1143}]


@pytest.mark.parametrize(
    ("imap", "rest", "key"),
    [
        ("prot = 1", "", "imap.prot"),
        ("port = 70000", "", "imap"),
        ("tls_port = 993", "", "tls.certificate"),
        ("", "[tls]\ncertificate = 'none.pem'\nkey = 'none.pem'", "tls.certificate"),
        ("", "[tls]\ncertificate = 'none.pem'", "tls"),
        ("", "[imapp]", "imapp"),
        ("", "[log]\nlevel = 'loud'", "log"),
    ],
)
async def test_a_wrong_configuration_is_one_line_and_78(tmp_path: Path, imap: str, rest: str, key: str) -> None:
    result = await ended(*configuration(tmp_path, imap, rest))
    assert result.returncode == 78
    assert result.stdout == b""
    line = result.stderr.decode()
    assert line.startswith("eilpost imap: ")
    assert line.count("\n") == 1
    assert f" {key}: " in line
    assert "; " in line


async def test_wrong_arguments_are_one_line_and_78() -> None:
    for arguments in (["--port", "1"], ["--config"], ["--config", "/does/not/exist.toml"]):
        result = await ended(*arguments)
        assert result.returncode == 78
        assert result.stderr.count(b"\n") == 1


async def test_what_prevents_the_start_is_one_line_and_1(tmp_path: Path) -> None:
    result = await ended(*configuration(tmp_path, "breaks = 'start'"))
    assert result.returncode == 1
    assert result.stderr == b"eilpost imap: the folder is not ours\n"

    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = await ended(*configuration(tmp_path, f"port = {taken.getsockname()[1]}"))
    assert result.returncode == 1
    assert b"in use" in result.stderr
    assert result.stderr.count(b"\n") == 1


@pytest.mark.parametrize("breaks", ["crash", "return"])
async def test_a_crash_is_one_json_line_and_70(tmp_path: Path, breaks: str) -> None:
    result = await ended(*configuration(tmp_path, f"breaks = '{breaks}'"))
    assert result.returncode == 70
    crashes = [line for line in map(json.loads, result.stdout.splitlines()) if line["event"] == "process.crash"]
    assert len(crashes) == 1
    assert crashes[0]["level"] == "critical"
    assert "Traceback" in crashes[0]["exception"]
    assert result.stderr == b""


async def test_a_process_drains_on_sigterm(tmp_path: Path) -> None:
    port, health = free_port(), free_port()
    arguments = configuration(tmp_path, f"port = {port}", f"[health]\nport = {health}\n[drain]\ntimeout = 20")
    async with started(*arguments, port=port) as process:
        session = await trio.open_tcp_stream("127.0.0.1", port)
        assert await session.receive_some() == b"ready\r\n"
        assert await page(health, "/livez") == (200, b"live\n")
        assert await page(health, "/readyz") == (503, b"bus, storage\n")
        status, metrics = await page(health, "/metrics")
        assert status == 200
        assert b'eilpost_connections{listener="imap",service="imap"} 1.0' in metrics

        process.send_signal(signal.SIGTERM)
        with trio.fail_after(TIMEOUT):
            while (await page(health, "/readyz"))[1] != b"draining, bus, storage\n":  # noqa: ASYNC110 - another process
                await trio.sleep(0.01)
        assert await page(health, "/livez") == (200, b"live\n")
        await session.send_all(b"in hand")
        assert await session.receive_some() == b"in hand"
        await session.aclose()
        with trio.fail_after(TIMEOUT):
            assert await process.wait() == 0
        events = [line["event"] for line in await lines(process)]
        assert events[-1] == "process.ended"
        assert not {"process.drain_cut", "drain.cut"} & set(events)


@pytest.mark.parametrize("drain", ["timeout = 0.1\ngrace = 5", "timeout = 60"])
async def test_sessions_that_stay_are_cut(tmp_path: Path, drain: str) -> None:
    """By the time-out, or by a second signal."""
    port = free_port()
    async with started(*configuration(tmp_path, f"port = {port}", f"[drain]\n{drain}"), port=port) as process:
        session = await trio.open_tcp_stream("127.0.0.1", port)
        await session.receive_some()
        process.send_signal(signal.SIGTERM)
        with trio.fail_after(TIMEOUT):
            if drain == "timeout = 60":
                while await accepts(port):  # noqa: ASYNC110 - another process
                    await trio.sleep(0.01)
                process.send_signal(signal.SIGTERM)
            assert await process.wait() == 1
        events = [line["event"] for line in await lines(process)]
        assert {"drain.cut", "process.drain_cut"} & set(events)


async def accepts(port: int) -> bool:
    try:
        await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
    except OSError:
        return False
    return True


async def page(port: int, path: str) -> tuple[int, bytes]:
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    await stream.send_all(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = b"".join([piece async for piece in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body
