"""What commands print."""

from __future__ import annotations

import json

import pytest

from services.admin.output import octets, print_rows, table


def test_a_table_is_aligned_and_obeys_no_control_character() -> None:
    lines = list(table([["anna@example.org", "1"], ["\x1b[31mred\n", "22"]], ("address", "messages")))
    assert lines == [
        "ADDRESS           MESSAGES",
        "anna@example.org  1",
        "\\x1b[31mred\\x0a   22",
    ]


def test_json_holds_all_fields(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"name": "a", "hidden": 1}], ("name",), as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"name": "a", "hidden": 1}]


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 << 30, "5.0 GiB")])
def test_sizes_for_people(count: int, text: str) -> None:
    assert octets(count) == text
