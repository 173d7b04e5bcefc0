"""Which place large bodies are kept in, by the setting ``[storage] blobs``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from services.storage import config
from services.storage.blobs import zstd
from services.storage.blobs.files import Files
from services.storage.blobs.store import INCOMING, BlobStore
from shared.base.errors import ConfigurationError, StartError
from shared.observe.log import Log

LEVEL = 3
RETRIES = 2  # of one request, within its time

Keys = Callable[[config.Objects], dict[str, str]]  # what is set, in the words of the store's library


def open_blobs(settings: config.StorageSettings, log: Log, source: str = "configuration") -> BlobStore:
    """The store of large bodies; ``source`` is the file that the settings are from.

    Raises `ConfigurationError`, `StartError`; asks no server anything yet.
    """
    level = LEVEL if settings.compression == "zstd" else None
    if level is not None and not zstd.available():
        raise _unusable(source, "storage.compression", f"{zstd.MODULE} is not installed")
    url = settings.blobs_url
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return Files(Path(unquote(urlsplit(url).path)), level)
    if "://" not in url:
        return Files(Path(url), level)
    if scheme not in KEYS:
        remedy = "name a folder, or a URL that begins with file, s3, az or gs"
        raise ConfigurationError(source, "storage.blobs", f"nothing keeps bodies at {scheme}://", remedy)
    return _objects(settings, url, KEYS[scheme], level, log, source)


def _objects(
    settings: config.StorageSettings, url: str, keys: Keys, level: int | None, log: Log, source: str
) -> BlobStore:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        from services.storage.blobs.objects import Objects
    except ImportError as error:
        raise _unusable(source, "storage.blobs", "obstore is not installed") from error
    objects = settings.objects
    incoming = settings.data / INCOMING
    try:
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StartError(f"{incoming}: {error.strerror}") from error
    client: Any = {
        "timeout": timedelta(seconds=objects.timeout),
        "connect_timeout": timedelta(seconds=objects.connect_timeout),
        "allow_http": objects.endpoint.startswith("http://"),
    }
    given: Any = {name: value for name, value in keys(objects).items() if value}
    retry: Any = {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=objects.timeout)}
    try:
        store = from_url(url, config=given, client_options=client, retry_config=retry)
    except (BaseError, ValueError) as error:
        problem = str(error).partition("\n")[0]
        raise ConfigurationError(source, "storage.blobs", problem, "correct it, or [storage.objects]") from error
    return Objects(store, incoming, level, objects.timeout, objects.at_once, log)


def _s3(objects: config.Objects) -> dict[str, str]:
    return {
        "endpoint": objects.endpoint,
        "region": objects.region,
        "access_key_id": objects.key,
        "secret_access_key": _secret(objects.secret),
    }


def _azure(objects: config.Objects) -> dict[str, str]:
    return {
        "endpoint": objects.endpoint,
        "account_name": objects.key,
        "account_key": _secret(objects.secret),
    }


def _google(objects: config.Objects) -> dict[str, str]:
    return {"base_url": objects.endpoint, "service_account_key": _secret(objects.secret)}


def _secret(path: Path | None) -> str:
    try:
        return path.read_text().strip() if path is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        remedy = "let it be a text that storage alone can read"
        raise ConfigurationError(str(path), "storage.objects.secret", f"cannot be read: {error}", remedy) from error


def _unusable(source: str, key: str, problem: str) -> ConfigurationError:
    return ConfigurationError(source, key, problem, "install eilpost[objects]")


KEYS: dict[str, Keys] = {"s3": _s3, "az": _azure, "gs": _google}
