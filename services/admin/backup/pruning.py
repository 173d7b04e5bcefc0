"""What no snapshot needs any more is removed: old snapshots, their large messages, packs that are mostly empty."""

from __future__ import annotations

from services.admin.backup import packs
from services.admin.backup.catalogue import Catalogue
from services.admin.backup.folder import Folder, sync_folder
from services.admin.backup.packs import PackWriter
from shared.base.ids import new_ulid

WORTH_KEEPING = 0.5  # of a pack: when less is needed, that is moved into a new one


def prune(folder: Folder, keep: int) -> None:
    """Keep the newest ``keep`` snapshots of ``folder``, which is open for writing."""
    snapshots = folder.snapshots()
    for snapshot in snapshots[:-keep]:
        folder.forget(snapshot)
    catalogue = Catalogue(folder)
    try:
        unused = catalogue.forget_before(snapshots[-keep:][0])
        catalogue.commit()
        for hash in unused:
            folder.body(hash).unlink(missing_ok=True)
        _compact(folder, catalogue)
    finally:
        catalogue.close()


def _compact(folder: Folder, catalogue: Catalogue) -> None:
    """A crash here leaves records twice at most: the catalogue says which one counts."""
    used = catalogue.used()
    poor = [
        path for path in folder.packs.glob("*.pack") if used.get(path.stem, 0) < path.stat().st_size * WORTH_KEEPING
    ]
    moving = [path for path in poor if path.stem in used]
    if moving:
        name = new_ulid()
        writer = PackWriter(folder.pack(name))
        for path in moving:
            for hash, place, seen in catalogue.within(path.stem):
                span = writer.add(packs.read(path, place.span))
                catalogue.add(hash, place._replace(pack=name, span=span), seen)
        writer.sync()
        writer.close()
        sync_folder(folder.packs)
        catalogue.commit()
    for path in poor:
        path.unlink()
