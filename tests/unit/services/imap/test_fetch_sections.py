"""Every form of BODY[...]: octets of the message as it came, whichever part, whichever piece."""

from __future__ import annotations

import pytest

from tests.unit.services.imap.stage import Stage

LEAF = b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n"
INNERMOST = b"From: c@x\r\nSubject: innermost\r\n\r\nthird level\r\n"
INNER = (
    b"From: b@x\r\nSubject: inner\r\nX-More: 1\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n"
    b"before\r\n--in\r\n%b\r\n--in\r\nContent-Type: message/rfc822\r\n\r\n%b\r\n--in--\r\nafter\r\n"
) % (LEAF, INNERMOST)
OUTER = (
    b"From: a@x\r\nSubject: outer\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\n"
    b"--out\r\n\r\nfirst\r\n--out\r\nContent-Type: message/rfc822\r\nX-Part: 2\r\n\r\n%b\r\n--out--\r\n"
) % INNER


def after(octets: bytes, mark: bytes) -> bytes:
    return octets[octets.index(mark) + len(mark) :]


def before(octets: bytes, mark: bytes) -> bytes:
    return octets[: octets.index(mark)]


INNER_TEXT = after(INNER, b"boundary=in\r\n\r\n")
SECTIONS = {
    "": OUTER,
    "HEADER": before(OUTER, b"--out\r\n"),
    "TEXT": after(OUTER, b"boundary=out\r\n\r\n"),
    "HEADER.FIELDS (Subject X-None)": b"Subject: outer\r\n\r\n",
    "HEADER.FIELDS.NOT (Subject Content-Type)": b"From: a@x\r\n\r\n",
    "1": b"first",
    "1.MIME": b"\r\n",
    "2": INNER,
    "2.MIME": b"Content-Type: message/rfc822\r\nX-Part: 2\r\n\r\n",
    "2.HEADER": before(INNER, b"before\r\n"),
    "2.TEXT": INNER_TEXT,
    "2.HEADER.FIELDS (SUBJECT from)": b"From: b@x\r\nSubject: inner\r\n\r\n",
    "2.HEADER.FIELDS.NOT (SUBJECT Content-Type)": b"From: b@x\r\nX-More: 1\r\n\r\n",
    "2.1": b"aGVsbG8=\r\n",
    "2.1.MIME": before(LEAF, b"aGV"),
    "2.2": INNERMOST,
    "2.2.MIME": b"Content-Type: message/rfc822\r\n\r\n",
    "2.2.HEADER": b"From: c@x\r\nSubject: innermost\r\n\r\n",
    "2.2.TEXT": b"third level\r\n",
    "2.2.1": b"third level\r\n",
    "2.2.HEADER.FIELDS (Subject)": b"Subject: innermost\r\n\r\n",
    "1.1": b"",
    "3": b"",
    "1.HEADER": b"",
    "2.1.HEADER": b"",
    "2.2.2": b"",
}


def octets(response: bytes) -> bytes:
    """What stands in the one literal, or in the empty string."""
    head, found, rest = response.partition(b"}\r\n")
    return rest[: int(head.rpartition(b"{")[2])] if found else b""


@pytest.mark.parametrize("section", SECTIONS)
async def test_sections(stage: Stage, section: str) -> None:
    whole = SECTIONS[section]
    client = await stage.selected()
    await client.append(OUTER)
    (found,) = await client.ok(f"FETCH 1 BODY.PEEK[{section}]")
    assert octets(found) == whole
    for first, count in ((0, 1), (3, 4), (0, 10_000), (len(whole), 5), (10_000, 1)):
        (found,) = await client.ok(f"FETCH 1 BODY.PEEK[{section}]<{first}.{count}>")
        assert f"]<{first}> ".encode() in found
        assert octets(found) == whole[first : first + count]


@pytest.mark.parametrize(
    "wrong", ["MIME", "0", "1.0", "1.", ".1", "x", "TEXT.1", "HEADER.FIELDS", "HEADER.FIELDS ()"]
)
async def test_what_is_no_section(stage: Stage, wrong: str) -> None:
    client = await stage.selected()
    await client.append(OUTER)
    assert (await client.ask(f"FETCH 1 BODY[{wrong}]"))[-1].startswith(b"BAD")


async def test_keywords_know_no_sixty_four(stage: Stage) -> None:
    """One mailbox may use as many as it likes, each told; one message a hundred flags."""
    client = await stage.selected()
    for _ in range(5):
        await client.append(OUTER)
    for number in range(5):
        words = " ".join(f"Word{number}-{each}" for each in range(60))
        await client.ok(f"STORE {number + 1} +FLAGS.SILENT ({words})")
    for number in range(5):
        assert await client.ok(f"SEARCH KEYWORD Word{number}-59") == [b"* SEARCH %d" % (number + 1)]
    (flags,) = [line for line in await client.ok("SELECT INBOX") if line.startswith(b"* FLAGS")]
    assert flags.count(b"Word") == 300
    words = " ".join(f"More{each}" for each in range(60))
    await client.no(f"STORE 1 +FLAGS ({words})", "LIMIT")
    (found,) = await client.ok("FETCH 1 FLAGS")
    assert found.count(b"Word0-") == 60
    assert b"More" not in found
