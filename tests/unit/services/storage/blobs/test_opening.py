"""The setting that says where large bodies are kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from services.storage.blobs.files import Files
from services.storage.blobs.objects import Objects
from services.storage.blobs.opening import open_blobs
from services.storage.blobs.store import BlobStore
from services.storage.config import Objects as ObjectSettings
from services.storage.config import StorageSettings
from shared.base.errors import ConfigurationError

NO_ROLE = ObjectSettings(endpoint="http://127.0.0.1:1", region="us-east-1", key="id")


def opened(tmp_path: Path, blobs: str, objects: ObjectSettings = NO_ROLE) -> BlobStore:
    return open_blobs(StorageSettings(data=tmp_path, blobs=blobs, objects=objects), structlog.get_logger())


@pytest.mark.parametrize("form", ["", "{}", "file://{}"])
def test_a_folder_keeps_files(tmp_path: Path, form: str) -> None:
    store = opened(tmp_path, form.format(tmp_path / "a folder"))
    assert isinstance(store, Files)
    assert Path(store.folder).is_dir()


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "az://container/prefix"])
def test_an_object_store_keeps_objects(tmp_path: Path, url: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("c2VjcmV0\n")
    settings = ObjectSettings(endpoint="http://127.0.0.1:1", region="us-east-1", key="id", secret=secret)
    assert isinstance(opened(tmp_path, url, settings), Objects)


@pytest.mark.parametrize("url", ["ftp://host/folder", "s3://", "gs://bucket"])
def test_what_cannot_be_used_is_told(tmp_path: Path, url: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("no service account")
    with pytest.raises(ConfigurationError, match=r"storage\.blobs"):
        opened(tmp_path, url, ObjectSettings(secret=secret))


def test_a_secret_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"storage\.objects\.secret"):
        opened(tmp_path, "s3://bucket", ObjectSettings(secret=tmp_path / "nothing"))


@pytest.mark.parametrize("endpoint", ["s3.example.org", "http://", "ftp://host", "https://a b"])
def test_an_endpoint_is_a_url(endpoint: str) -> None:
    with pytest.raises(ValueError, match="endpoint"):
        ObjectSettings(endpoint=endpoint)


def test_nothing_is_imported_that_is_not_asked_for() -> None:
    said = "import services.storage.app, sys; print({'obstore', 'zstandard'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "set()"
