"""Authentication-Results: ours is well-formed whatever a stranger chose, and forged ones go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.authentication.results import Method, results_field, results_value, without_forged

OURS = "mx.example.org"


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: mx.example.org; dmarc=pass\r\n",
        b"authentication-results :mx.example.org;\r\n dmarc=pass\r\n",
        b"Authentication-Results: (hidden) MX.Example.Org 1; dmarc=pass\r\n",
        b'Authentication-Results: "mx.example.org"; dmarc=pass\r\n',
        b'Authentication-Results: "mx.ex\\ample.org"; dmarc=pass\r\n',
        b"Authentication-Results:\r\n\tmx.example.org/1; dmarc=pass\r\n",
        b"Authentication-Results: mx.example.org. ; dmarc=pass\r\n",
        b"Authentication-Results: (a (nested\\)) comment) mx.example.org; dmarc=pass\r\n",
    ],
)
def test_case_35_forged_results_are_taken_out(field: bytes) -> None:
    header = b"Received: x\r\n" + field + b"From: a@example.net\r\n" + field + b"Subject: y\r\n"
    assert without_forged(header, OURS) == b"Received: x\r\nFrom: a@example.net\r\nSubject: y\r\n"


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: mx.example.net; dmarc=pass\r\n",
        b"Authentication-Results: notmx.example.org; dmarc=pass\r\n",
        b"Authentication-Results: mx.example.org.example.net; dmarc=pass\r\n",
        b"X-Authentication-Results: mx.example.org; dmarc=pass\r\n",
        b"Subject: Authentication-Results: mx.example.org; dmarc=pass\r\n",
    ],
)
def test_those_of_others_stay(field: bytes) -> None:
    header = b"Received: x\r\n" + field + b"broken line\r\nFrom: a@example.net\r\n"
    assert without_forged(header, OURS) == header


def test_nothing_known() -> None:
    assert results_value(OURS, []) == b"mx.example.org; none"


@given(st.text(max_size=300), st.text(max_size=300))
def test_case_07_nothing_ends_a_value_early(value: str, reason: str) -> None:
    field = results_field(OURS, [Method("spf", "fail", [("smtp.mailfrom", value)], reason)])
    assert field.endswith(b"\r\n")
    lines = field[:-2].split(b"\r\n")
    assert all(line.startswith(b"\t") for line in lines[1:])
    assert all(32 <= octet < 127 or octet == 9 for line in lines for octet in line)
    body = field.partition(b";")[2].decode()
    in_quotes = escaped = False
    depth = 0
    for letter in body:
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"' and not depth:
            in_quotes = not in_quotes
        elif letter == "(" and not in_quotes:
            depth += 1
        elif letter == ")" and not in_quotes:
            depth -= 1
        elif letter == ";":
            assert in_quotes or depth
    assert not in_quotes
    assert depth == 0


@given(st.binary(max_size=300))
def test_any_header_comes_through(octets: bytes) -> None:
    header = b"Authentication-Results:" + octets + b"\r\nFrom: a@example.net\r\n"
    assert without_forged(header, OURS).endswith(b"From: a@example.net\r\n")
