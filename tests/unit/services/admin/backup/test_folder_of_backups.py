"""The folder of backups: what is whole, what is damaged, what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.admin.backup import packs, tables
from services.admin.backup.catalogue import Catalogue, Place
from services.admin.backup.folder import Damaged, Folder, Manifest
from services.admin.backup.packs import PackWriter, Record, Span
from services.admin.backup.pruning import prune
from shared.base.errors import StartError
from shared.mail.summary import summarise

LETTERS = [f"Subject: {number}\r\n\r\n{number} {'x' * 5_000}\r\n".encode() for number in range(20)]


def no_body(hash: bytes) -> Path:
    raise AssertionError("no large body is read")


def record(octets: bytes) -> Record:
    return Record(sha256(octets).digest(), False, summarise(octets), octets)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    found = Folder(tmp_path / "backups")
    with found.open_for_writing():
        yield found


def manifest(snapshot: str) -> Manifest:
    return Manifest(snapshot, 1.0, "0", "0018", {}, {}, 0, 0)


def add_snapshot(folder: Folder, snapshot: str, octets: list[bytes]) -> None:
    """A whole snapshot that names these contents, in a pack of its own."""
    folder.begin(snapshot)
    catalogue = Catalogue(folder)
    catalogue.name([(number, sha256(each).digest()) for number, each in enumerate(octets, 1)])
    catalogue.see(snapshot)
    writer = PackWriter(folder.pack(snapshot))
    by_hash = {sha256(each).digest(): each for each in octets}
    for hash in catalogue.lacking(0, 1_000).values():
        span = writer.add(packs.pack(record(by_hash[hash])))
        catalogue.add(hash, Place(snapshot, span, False), snapshot)
    writer.sync()
    writer.close()
    catalogue.commit()
    catalogue.close()
    folder.finish(manifest(snapshot))


def found(folder: Folder) -> list[bytes]:
    """Which of `LETTERS` can be had from the folder."""
    catalogue = Catalogue(folder)
    octets = []
    for each in LETTERS:
        place = catalogue.find(sha256(each).digest())
        if place is not None:
            octets.append(packs.unpack(packs.read(folder.pack(place.pack), place.span), no_body).octets)
    catalogue.close()
    return octets


@given(st.binary(max_size=2_000))
def test_a_record_comes_back_as_it_was(octets: bytes) -> None:
    assert packs.unpack(packs.pack(record(octets)), no_body) == record(octets)


@given(st.binary(max_size=200))
def test_what_is_no_record_is_damaged(octets: bytes) -> None:
    with pytest.raises(Damaged):
        packs.unpack(octets, no_body)


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_flipped_octet_is_noticed(at: int, flip: int) -> None:
    packed = bytearray(packs.pack(record(LETTERS[0])))
    packed[at % len(packed)] ^= flip
    try:
        octets = packs.unpack(bytes(packed), no_body).octets
    except Damaged:
        return
    assert octets == LETTERS[0]


def test_a_record_of_another_program_is_rendered_anew() -> None:
    import zlib

    import msgpack

    octets = LETTERS[0]
    summary = summarise(octets)._asdict()
    del summary["preview"]
    value = {"hash": sha256(octets).digest(), "large": False, "octets": octets, "summary": summary}
    compressor = zlib.compressobj(zdict=packs.COMMON)
    packed = compressor.compress(msgpack.packb(value)) + compressor.flush()
    assert packs.unpack(packed, no_body) == record(octets)


def test_a_torn_pack_gives_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.pack"
    writer = PackWriter(path)
    spans = [writer.add(packs.pack(record(each))) for each in LETTERS[:3]]
    writer.sync()
    writer.close()
    assert list(packs.spans(path)) == spans
    for size in range(spans[2].offset, spans[2].offset + spans[2].length):
        with path.open("r+b") as file:
            file.truncate(size)
        assert list(packs.spans(path)) == spans[:2]
        break
    with pytest.raises(Damaged):
        packs.read(path, Span(spans[2].offset, spans[2].length))


def test_nobody_else_may_read_anything(folder: Folder) -> None:
    add_snapshot(folder, "01A", LETTERS[:2])
    modes = {path.name: path.stat().st_mode & 0o077 for path in folder.root.rglob("*")}
    assert modes
    assert not any(modes.values()), modes


def test_two_do_not_write_at_once(folder: Folder) -> None:
    with pytest.raises(StartError), Folder(folder.root).open_for_writing():
        pass


def test_an_interrupted_snapshot_is_none(folder: Folder) -> None:
    add_snapshot(folder, "01A", LETTERS[:2])
    folder.begin("01B")
    (folder.table("01B", "message")).write_bytes(b"half")
    (folder.table("01B", "message").with_name("manifest.json.new")).write_text("{}")
    assert folder.snapshots() == ["01A"]


def test_remains_are_removed_by_the_next_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with folder.open_for_writing():
        folder.begin("01B")
    with folder.open_for_writing():
        assert not folder.table("01B", "message").parent.exists()


def test_a_manifest_that_cannot_be_read_is_damaged(folder: Folder) -> None:
    add_snapshot(folder, "01A", [])
    path = folder.table("01A", "x").with_name("manifest.json")
    assert folder.manifest("01A") == manifest("01A")
    for text in ("", "[]", "{}", json.dumps({**json.loads(path.read_text()), "format": 2})):
        path.write_text(text)
        with pytest.raises(Damaged):
            folder.manifest("01A")


def test_a_lost_catalogue_is_made_from_the_packs(folder: Folder) -> None:
    add_snapshot(folder, "01A", LETTERS[:5])
    add_snapshot(folder, "01B", LETTERS[3:8])
    folder.catalogue.unlink()
    assert found(folder) == LETTERS[:8]


def test_a_damaged_catalogue_is_said_to_be(folder: Folder) -> None:
    folder.catalogue.write_bytes(b"x" * 10_000)
    with pytest.raises(Damaged):
        Catalogue(folder)


def test_what_is_there_is_not_copied_again(folder: Folder) -> None:
    add_snapshot(folder, "01A", LETTERS)
    before = folder.pack("01A").stat().st_size
    add_snapshot(folder, "01B", LETTERS)
    assert folder.pack("01B").stat().st_size < before / 10
    assert found(folder) == LETTERS


def test_old_snapshots_go_with_what_they_alone_named(folder: Folder) -> None:
    add_snapshot(folder, "01A", LETTERS[:8])
    add_snapshot(folder, "01B", LETTERS[6:12])
    add_snapshot(folder, "01C", LETTERS[6:12])
    prune(folder, 3)
    assert (folder.snapshots(), found(folder)) == (["01A", "01B", "01C"], LETTERS[:12])
    prune(folder, 2)
    assert (folder.snapshots(), found(folder)) == (["01B", "01C"], LETTERS[6:12])
    assert "01A" not in {path.stem for path in folder.packs.iterdir()}, "a pack that is mostly empty is left"
    prune(folder, 1)
    assert (folder.snapshots(), found(folder)) == (["01C"], LETTERS[6:12])


def test_a_large_body_goes_with_the_last_snapshot_that_names_it(folder: Folder) -> None:
    large = record(LETTERS[0])._replace(large=True)
    add_snapshot(folder, "01A", [])
    catalogue = Catalogue(folder)
    catalogue.add(large.hash, Place("01A", Span(0, 0), True), "01A")
    catalogue.commit()
    catalogue.close()
    folder.body(large.hash).parent.mkdir()
    folder.body(large.hash).write_bytes(b"large")
    prune(folder, 1)
    assert folder.body(large.hash).exists()
    add_snapshot(folder, "01B", [])
    prune(folder, 1)
    assert not folder.body(large.hash).exists()


INTEGERS = st.integers(-(2**63), 2**64 - 1)


@given(st.lists(st.tuples(INTEGERS, st.text(), st.binary(), st.booleans(), st.none())))
def test_rows_of_a_table_come_back(rows: list[tuple[object, ...]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "t.z"
        writer = tables.TableWriter(path, ("a", "b", "c", "d", "e"))
        for row in rows:
            writer.add(row)
        copy = writer.finish()
        assert copy.rows == len(rows)
        tables.verify(path, copy)
        columns, found = tables.read(path)
        assert columns == ("a", "b", "c", "d", "e")
        assert [tuple(row) for row in found] == rows


def test_a_changed_table_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "t.z"
    writer = tables.TableWriter(path, ("a",))
    for number in range(1_000):
        writer.add((number,))
    copy = writer.finish()
    octets = path.read_bytes()
    path.write_bytes(octets[:-10])
    with pytest.raises(Damaged):
        tables.verify(path, copy)
    path.unlink()
    with pytest.raises(Damaged):
        tables.verify(path, copy)
