"""Messages on the wire: nothing in them can end the reply, and all of them comes back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.protocols.pop3.head import HeadCutter
from shared.protocols.pop3.stuffing import Stuffer, stuffed

texts = st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"a", b"..", b"\r", b"Subject: x\r\n", b"\r\n\r\n"])).map(
    b"".join
)
pieces_of = st.lists(texts, max_size=6)


@given(pieces_of)
def test_pieces_are_stuffed_like_the_whole(pieces: list[bytes]) -> None:
    stuffer = Stuffer()
    assert b"".join(map(stuffer.feed, pieces)) + stuffer.finish() == stuffed(b"".join(pieces))


@given(texts)
def test_a_client_gets_back_what_was_stored(octets: bytes) -> None:
    """Whether it takes CRLF or any LF for a line end, only the last line is a lone dot."""
    sent = stuffed(octets)
    lines = sent.split(b"\n")[:-1]
    assert [line for line in lines if line.rstrip(b"\r") == b"."] == [b".\r"]
    assert lines[-1] == b".\r"
    unstuffed = b"".join((line[1:] if line.startswith(b".") else line) + b"\n" for line in lines[:-1])
    assert unstuffed == octets or unstuffed == octets + b"\r\n"


def _naive(octets: bytes, count: int) -> bytes:
    lines = octets.splitlines(keepends=True) if b"\r" not in octets.replace(b"\r\n", b"") else []
    shown: list[bytes] = []
    in_body = False
    for line in lines:
        if in_body:
            if not count:
                break
            count -= 1
        shown.append(line)
        in_body = in_body or line in (b"\n", b"\r\n")
    return b"".join(shown)


@given(st.lists(st.sampled_from([b"a: b\r\n", b"\r\n", b"\n", b"text\n", b"text\r\n"])), st.integers(0, 4), st.data())
def test_top_is_the_header_and_so_many_lines(lines: list[bytes], count: int, data: st.DataObject) -> None:
    octets = b"".join(lines)
    assert HeadCutter(count).feed(octets) == _naive(octets, count)
    cut = data.draw(st.integers(0, len(octets)))
    for pieces in ([octets[:cut], octets[cut:]], [octets[at : at + 1] for at in range(len(octets))]):
        cutter = HeadCutter(count)
        assert b"".join(map(cutter.feed, pieces)) == _naive(octets, count)
