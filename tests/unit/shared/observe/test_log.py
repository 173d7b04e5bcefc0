from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.observe.log import configure, get_logger
from shared.observe.render import LINE_MAX, Renderer, render_json, render_text


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    yield io.StringIO()
    structlog.reset_defaults()


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_names_its_time_level_event_and_origin(stream: io.StringIO) -> None:
    configure("imap", "r1", json=True, stream=stream)
    get_logger().bind(session="S1").info("imap.command", command="FETCH", bytes=7, tls=None)
    (line,) = written(stream)
    assert line.pop("ts").endswith("+00:00")
    assert line == {
        "level": "info",
        "event": "imap.command",
        "service": "imap",
        "replica": "r1",
        "session": "S1",
        "command": "FETCH",
        "bytes": 7,
        "tls": None,
    }


def test_levels_below_the_chosen_one_cost_no_line(stream: io.StringIO) -> None:
    configure("imap", "r1", json=True, level="warning", stream=stream)
    log = get_logger()
    log.info("a")
    log.debug("b")
    log.warning("c")
    log.critical("d")
    assert [line["event"] for line in written(stream)] == ["c", "d"]


def test_tracebacks_are_fields(stream: io.StringIO) -> None:
    configure("imap", "r1", json=True, stream=stream)
    try:
        raise KeyError("x\r\ny")
    except KeyError as error:
        get_logger().error("connection.bug", exc_info=error)
    get_logger().error("connection.bug", exc_info=ValueError("later"))
    first, second = written(stream)
    assert "test_tracebacks_are_fields" in first["exception"]
    assert "ValueError: later" in second["exception"]


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "hostile",
    [
        'x\r\n{"level":"error","event":"forged"}',
        "\x1b[2J\x1b[31mred",
        "\u2028line\u2029and\u202eoverride",
        "\r" * 1_000_000,
        "\U0001f600" * 100_000,
        b"\x00\xff\r\n" * 1_000,
        {"nested": ["\r\n" * 5_000]},
        "\ud800 lone surrogate",
    ],
)
def test_what_a_peer_says_stays_in_its_line(stream: io.StringIO, as_json: bool, hostile: object) -> None:
    configure("smtp", "r1", json=as_json, stream=stream)
    get_logger().info("smtp.ehlo", helo=hostile, subject=hostile, sender=hostile)
    text = stream.getvalue()
    assert text.count("\n") == 1
    assert text.endswith("\n")
    assert text.isascii()
    assert len(text) <= LINE_MAX
    body = text[:-1] if as_json else text[:-1].partition("smtp.ehlo\x1b[0m ")[2]
    assert body.isprintable()
    if as_json:
        assert json.loads(text)["event"] == "smtp.ehlo"


def test_long_values_are_cut_and_say_by_how_much(stream: io.StringIO) -> None:
    configure("smtp", "r1", json=True, stream=stream)
    get_logger().info("smtp.ehlo", helo="x" * 5_000)
    (line,) = written(stream)
    assert line["helo"] == "x" * 1024 + "[+3976]"


def test_too_many_fields_leave_the_event_and_its_ids(stream: io.StringIO) -> None:
    configure("smtp", "r1", json=True, stream=stream)
    get_logger().info("smtp.ehlo", session="S1", **{f"field{number}": "x" * 100 for number in range(2_000)})
    (line,) = written(stream)
    assert (line["event"], line["session"], line["cut"]) == ("smtp.ehlo", "S1", True)


fields = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda name: name not in {"event", "exc_info"}),
    st.text() | st.binary() | st.integers() | st.floats() | st.none() | st.lists(st.text(), max_size=3),
    max_size=5,
)


@given(fields, st.sampled_from([render_json, render_text]))
def test_any_fields_make_one_line(given_fields: dict[str, Any], render: Any) -> None:
    line = Renderer("smtp", "r1", render)(None, "info", {"event": "x.y", **given_fields})
    assert line.count("\n") == 1
    assert line.isascii()
    assert len(line) <= LINE_MAX
