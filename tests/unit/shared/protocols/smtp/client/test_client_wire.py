from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.smtp.client.wire import Lines, whole
from shared.protocols.smtp.stuffing import Unstuffer

soup = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"\r\n.\r\n", b"\n.\n", b"x", b"\0"])).map(
    b"".join
)


def fed(octets: bytes, places: list[int], *, stuffed: bool) -> bytes:
    lines = Lines(stuffed=stuffed)
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    return b"".join(lines.feed(octets[a:b]) for a, b in itertools.pairwise(edges)) + lines.finish()


@given(soup | st.binary(max_size=200), st.lists(st.integers(0, 500), max_size=6), st.booleans())
def test_where_the_input_is_cut_changes_nothing(octets: bytes, places: list[int], stuffed: bool) -> None:
    assert fed(octets, places, stuffed=stuffed) == whole(octets, stuffed=stuffed)


@given(soup | st.binary(max_size=200))
def test_case_3_only_crlf_is_on_the_wire_and_dots_are_stuffed(octets: bytes) -> None:
    wire = whole(octets, stuffed=True)
    assert wire.count(b"\r\n") == wire.count(b"\r") == wire.count(b"\n")
    assert wire.endswith(b".\r\n")
    body = wire[:-3]
    assert not body or body.endswith(b"\r\n")
    lines = body.split(b"\r\n")
    assert all(line != b"." and not re.match(rb"\.[^.]", line) for line in lines)


@given(soup | st.binary(max_size=200))
def test_case_3_a_server_reads_what_was_stored_but_for_the_line_ends(octets: bytes) -> None:
    clean = octets.replace(b"\0", b"0")
    taken, rest = Unstuffer().feed(whole(clean, stuffed=True))
    assert rest == b""
    expected = re.sub(rb"\r\n|\r|\n", b"\r\n", clean)
    assert taken == (expected if not expected or expected.endswith(b"\r\n") else expected + b"\r\n")
