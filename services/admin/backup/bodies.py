"""Large messages, each a file named after its hash."""

from __future__ import annotations

import os
from contextlib import aclosing
from enum import Enum
from hashlib import sha256
from pathlib import Path

import trio

from services.admin.backup.folder import Damaged, sync_folder
from shared.contracts.errors import Unavailable
from shared.net.bulk import fetch

PIECE = 1 << 20  # octets
PACKED = ".zst"  # at the end of a location: compressed, and to be had through storage only


async def copy_body(target: Path, hash: bytes, url: str, files: str, location: str) -> None:
    """Let ``target`` hold the body: a hard link where the server's own file can be had, else fetched from ``url``.

    Raises `Damaged` when the body is not there or not what it should be, OSError when it cannot be written.
    """
    fresh = target.with_name(f"{target.name}.new")
    plain = files and not location.endswith(PACKED)
    source = Path(files) / location if plain else None
    found = await trio.to_thread.run_sync(_begin, target, fresh, source)
    if found is _Begun.THERE:
        return
    if found is _Begun.EMPTY:
        try:
            await _download(url, fresh)
        except Unavailable as error:
            raise Damaged(str(error)) from error
    await trio.to_thread.run_sync(_finish, target, fresh, hash)


class _Begun(Enum):
    THERE = "the body is in the backup already"
    LINKED = "it is in a new file, not judged yet"
    EMPTY = "it has to be fetched"


def _begin(target: Path, fresh: Path, source: Path | None) -> _Begun:
    if target.exists():
        return _Begun.THERE
    target.parent.mkdir(mode=0o700, exist_ok=True)
    fresh.unlink(missing_ok=True)
    if source is not None:
        try:
            os.link(source, fresh)
            return _Begun.LINKED
        except OSError:  # on another machine or file system, or not ours
            pass
    return _Begun.EMPTY


async def _download(url: str, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        async with aclosing(fetch(url)) as pieces:
            async for piece in pieces:
                file.write(piece)
        file.flush()
        await trio.to_thread.run_sync(os.fsync, file.fileno())


def _finish(target: Path, fresh: Path, hash: bytes) -> None:
    """Give the file its name, if it is the right one."""
    try:
        if hash_of(fresh) != hash:
            raise Damaged(f"{hash.hex()} is not what it should be")
        fresh.rename(target)
        sync_folder(target.parent)
    finally:
        fresh.unlink(missing_ok=True)


def hash_of(path: Path) -> bytes:
    """SHA-256 of a file. Raises `Damaged` when it cannot be read."""
    found = sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                found.update(piece)
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror}") from error
    return found.digest()
