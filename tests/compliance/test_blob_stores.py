"""What every place for large bodies does, compressed or not: files, and objects in memory, in a folder and in S3."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import obstore
import pytest
import structlog
from obstore.store import LocalStore, MemoryStore, ObjectStore

from services.storage.blobs.files import Files
from services.storage.blobs.objects import PART, Objects
from services.storage.blobs.store import BlobStore, Lost
from services.storage.blobs.writing import Sealed
from tests.support.objects import S3Server

BODY = b"Subject: Large\r\n\r\n" + random.Random(6).randbytes(700_000).hex().encode()
LARGE = b"A: b\r\n\r\n" + random.Random(7).randbytes(2 * PART + 77)
KINDS = ("files", "memory", "folder", "s3")

Make = Callable[[int | None], BlobStore]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Opens the same place, with or without compression."""

    def objects(store: ObjectStore) -> Make:
        (tmp_path / "incoming").mkdir()
        return lambda level: Objects(store, tmp_path / "incoming", level, 10.0, 4, structlog.get_logger())

    match request.param:
        case "files":
            return lambda level: Files(tmp_path / "blobs", level)
        case "memory":
            return objects(MemoryStore())
        case "folder":
            return objects(LocalStore(tmp_path / "objects", mkdir=True))
        case _:
            server: S3Server = request.getfixturevalue("s3")
            return objects(server.store(tmp_path.name))


def stored(store: BlobStore, octets: bytes, upload: str = "upload", step: int = 100_000) -> Sealed:
    writing = store.write(upload, len(octets))
    for at in range(0, len(octets), step):
        writing.write(octets[at : at + step])
    sealed = writing.seal()
    writing.discard()
    return sealed


def check_octets(store: BlobStore, sealed: Sealed, octets: bytes) -> None:
    assert store.read(sealed.location, 0, len(octets)) == octets
    reading = store.open(sealed.location)
    for start, end in ((0, 1), (5, 5), (len(octets) - 1, len(octets)), (1_000, 300_000), (262_143, 262_145)):
        assert reading.read(start, end) == octets[start:end]
    reading.close()


@pytest.mark.parametrize("level", [None, 3])
def test_a_body_comes_back_whole_and_in_ranges(make: Make, level: int | None) -> None:
    store = make(level)
    for octets in (BODY, LARGE):
        sealed = stored(store, octets)
        assert (sealed.hash, sealed.size) == (sha256(octets).digest(), len(octets))
        assert sealed.header == octets[: octets.index(b"\r\n\r\n") + 4]
        check_octets(store, sealed, octets)


def test_a_place_may_hold_both_kinds(make: Make) -> None:
    packed, plain = stored(make(3), BODY, "one"), stored(make(None), BODY, "two")
    assert packed.location != plain.location
    for level in (None, 3):
        check_octets(make(level), packed, BODY)
        check_octets(make(level), plain, BODY)


def test_the_same_upload_sent_again_is_the_same_body(make: Make) -> None:
    store = make(None)
    assert stored(store, BODY) == stored(store, BODY)
    check_octets(store, stored(store, BODY), BODY)


@pytest.mark.parametrize("level", [None, 3])
def test_what_is_removed_is_lost_and_the_rest_stays(make: Make, level: int | None) -> None:
    store = make(level)
    gone, kept = stored(store, BODY, "gone"), stored(store, BODY, "kept")
    store.remove([gone.location])
    store.remove([])
    with pytest.raises(Lost):
        make(level).read(gone.location, 0, 10)
    check_octets(store, kept, BODY)


def test_what_lies_there_is_found_by_its_age(make: Make) -> None:
    store = make(3)
    sealed = [stored(store, BODY, f"upload{number}") for number in range(3)]
    store.claim("us")
    found = list(store.older_than(time.time() + 60))
    assert sorted(found) == sorted((each.location, each.hash) for each in sealed)
    assert list(store.older_than(time.time() - 60)) == []


def test_a_body_that_was_given_up_leaves_nothing(make: Make) -> None:
    store = make(3)
    writing = store.write("upload", 1_000_000)
    writing.write(BODY[:500_000])
    writing.discard()
    assert list(store.older_than(time.time() + 60)) == []
    left = store.write("upload", 10)
    assert store.sweep_incoming(time.time() + 60) == 1
    left.discard()


def test_an_object_store_has_one_owner(tmp_path: Path) -> None:
    place = MemoryStore()
    first, second = (Objects(place, tmp_path, None, 10.0, 4, structlog.get_logger()) for _ in range(2))
    assert first.claim("us")
    assert first.claim("us")
    assert second.claim("us")
    assert not second.claim("them")
    assert bytes(obstore.get(place, "owner").bytes()) == b"us"
