"""Listings of any length with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from services.pop3.output import Output
from shared.protocols.pop3.replies import END

PAGE = 4_096  # lines


async def write_pages(out: Output, lines: Iterator[str]) -> None:
    """Write the lines of a multi-line reply, each with its CRLF, and its end."""
    while page := "".join(islice(lines, PAGE)):
        out.write(page.encode())
        await out.room()
    out.write(END)
