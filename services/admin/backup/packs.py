"""Packs: many contents in one file, each compressed by itself, so that one is read without the others.

A record is four octets of length and a zlib stream of a msgpack map: ``hash``, ``large``, ``summary`` (a map by
field) and ``octets``, which are the header block alone where the content is large. A torn record at the end is what a
crash left of one that nothing names.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgpack

from services.admin.backup.folder import Damaged
from shared.contracts.blobs import Summary
from shared.mail.summary import SummaryScanner, summarise

MAGIC = b"eilpost pack 1\r\n"
HEAD = 4  # octets of length
LEVEL = 6
# What most records have in common. It is part of the format: never to be changed.
COMMON = (
    b"NIL NIL NIL text/plain utf-8 quoted-printable base64 charset boundary multipart/alternative text/html"
    b"X-Mailer: MIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"List-Unsubscribe: References: In-Reply-To: Reply-To: DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d="
    b"Authentication-Results: spf=pass smtp.mailfrom= dkim=pass header.d= dmarc=pass Received: from by with ESMTPS "
    b"id for <>; Mon, Tue, Wed, Thu, Fri, Sat, Sun, 2026 +0000\r\nSubject: Re: To: From: Date: Message-ID: <\r\n\r\n"
    b"hash large octets summary size header_size envelope body_structure parts preview message_id subject sender date"
    b" sort_subject sort_from sort_to sort_cc shown_from shown_to thread"
)


class Record(NamedTuple):
    """A content. ``octets`` are the whole, unless it is ``large``."""

    hash: bytes
    large: bool
    summary: Summary
    octets: bytes


class Span(NamedTuple):
    """Where a record stands in its pack."""

    offset: int
    length: int


class PackWriter:
    """A new pack; records count once it is sealed."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")
        self._file.write(MAGIC)
        self.size = len(MAGIC)

    def add(self, packed: bytes) -> Span:
        """Write a record as `pack` made it, or as `read` found it."""
        span = Span(self.size + HEAD, len(packed))
        self._file.write(len(packed).to_bytes(HEAD, "big"))
        self._file.write(packed)
        self.size = span.offset + span.length
        return span

    def sync(self) -> None:
        """Let what was written outlive a loss of power."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def pack(record: Record) -> bytes:
    """The octets of a record."""
    packed = msgpack.packb({**record._asdict(), "summary": record.summary._asdict()})
    compressor = zlib.compressobj(LEVEL, zdict=COMMON)
    return compressor.compress(packed) + compressor.flush()


def unpack(packed: bytes, body: Callable[[bytes], Path]) -> Record:
    """The record in these octets, its hash verified unless it is large. Raises `Damaged`.

    ``body`` tells where a large message is: it is read when this program renders more of a message, or less.
    """
    try:
        found = msgpack.unpackb(zlib.decompressobj(zdict=COMMON).decompress(packed))
        hash, large, octets = found["hash"], found["large"], found["octets"]
        fields = found["summary"]
    except (zlib.error, ValueError, KeyError, TypeError, msgpack.UnpackException) as error:
        raise Damaged(f"a record cannot be read: {error}") from error
    if not large and sha256(octets).digest() != hash:
        raise Damaged(f"content {hash.hex()} is not what it was")
    if fields.keys() == set(Summary._fields):
        return Record(hash, large, Summary(**fields), octets)
    return Record(hash, large, scan(body(hash)) if large else summarise(octets), octets)


def read(path: Path, span: Span) -> bytes:
    """The octets of a record, not judged. Raises `Damaged`."""
    try:
        with path.open("rb") as file:
            file.seek(span.offset)
            packed = file.read(span.length)
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}") from error
    if len(packed) != span.length:
        raise Damaged(f"{path} is shorter than it was")
    return packed


def spans(path: Path) -> Iterator[Span]:
    """All records of a pack, as far as it is not torn."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        offset = len(MAGIC) if file.read(len(MAGIC)) == MAGIC else size
        while offset + HEAD <= size:
            file.seek(offset)
            length = int.from_bytes(file.read(HEAD), "big")
            if offset + HEAD + length > size:
                return
            yield Span(offset + HEAD, length)
            offset += HEAD + length


def scan(path: Path) -> Summary:
    """What is rendered of a large message, from its file. Raises `Damaged`."""
    scanner = SummaryScanner()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                scanner.feed(piece)
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}") from error
    return scanner.finish()
