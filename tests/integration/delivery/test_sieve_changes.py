"""Letters that scripts look into and change."""

from __future__ import annotations

from pathlib import Path

from tests.support.filtered import ANN, BOB, octets, post


async def test_changed_letters_are_filed_and_sent_on_changed(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["editheader", "fileinto", "copy"]; fileinto :copy "Archive";'
            f'addheader "X-Seen" "yes"; redirect :copy "{BOB}";'
        )
        large = octets(text="x" * 70 + "\r\n")
        await office.send(large)
        (plain,), (changed,) = await office.inside("Archive"), await office.inside()
        (sent,) = await office.inside("INBOX", BOB)
        assert b"X-Seen" not in plain
        assert changed.endswith(b"X-Seen: yes\r\n" + large)
        assert sent.endswith(f"Delivered-To: {ANN}\r\nX-Seen: yes\r\n".encode() + large)


async def test_large_letters_are_looked_into_and_changed(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["editheader", "body", "fileinto"]; addheader "X-Seen" "yes";'
            'if body :contains "needle" { fileinto "Archive"; }'
        )
        letter = octets(text=("x" * 70 + "\r\n") * 6_000 + "needle\r\n")
        found = await office.send(letter)
        assert found.recipients[0].filed == "Archive/1"


async def test_parts_are_replaced_and_messages_enclosed(tmp_path: Path) -> None:
    async with post(tmp_path) as office:
        await office.script(
            'require ["foreverypart", "mime", "replace", "enclose", "copy", "fileinto"];'
            'foreverypart { if header :mime :contenttype "content-type" "text/html" { replace "gone"; } }'
            'fileinto :copy "Archive"; enclose :subject "Inside" "Look."; '
        )
        body = "--b\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--\r\n"
        letter = octets("MIME-Version: 1.0", 'Content-Type: multipart/alternative; boundary="b"', text=body)
        await office.send(letter)
        changed = letter.replace(
            b"Content-Type: text/html\r\n\r\n<p>html</p>",
            b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\ngone",
        )
        (archived,), (enclosed,) = await office.inside("Archive"), await office.inside()
        assert archived.endswith(changed)
        assert b"\r\nSubject: Inside\r\n" in enclosed
        assert changed in enclosed
