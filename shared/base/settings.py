"""Settings: one table of a TOML file, overlaid by the environment, into a frozen dataclass.

The value of ``EILPOST_<SECTION>__<KEY>`` wins over the file; ``EILPOST_<SECTION>__<KEY>_FILE`` names a file that
holds the value (secrets). Keys of sub-tables are joined by two underscores. Anything the dataclass does not know,
and any value of another type, is a `ConfigurationError` that names where it stands, the key and the remedy.

Field types: ``int``, ``float``, ``bool``, ``str``, ``Path``, ``tuple[str, ...]``, a dataclass (sub-table),
``tuple[<dataclass>, ...]`` (array of tables; file only), and each of them ``| None``. Relative paths in the file
count from its folder. A range is checked by the dataclass: ``__post_init__`` raises ValueError.
"""

from __future__ import annotations

import tomllib
import types
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from shared.base.errors import ConfigurationError

T = TypeVar("T")

PREFIX = "EILPOST_"

_NAMES: dict[Any, str] = {int: "an integer", float: "a number", bool: "true or false", str: "a text", Path: "a path"}
_TRUTH = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}


def load(section: str, kind: type[T], path: Path | None, environ: Mapping[str, str]) -> T:
    """The settings ``kind`` from the table ``[section]`` of the file at ``path`` and from ``environ``."""
    table = _file(path).get(section, {})
    reader = _Reader(path, environ)
    value = reader.dataclass(kind, table, section)
    reader.refuse_unread(section)
    return cast("T", value)


def check_sections(known: Iterable[str], path: Path | None, environ: Mapping[str, str]) -> None:
    """Refuse tables of the file, and variables of the environment, whose section nobody reads."""
    names = sorted(known)
    remedy = f"the sections are {', '.join(names)}"
    for section in _file(path):
        if section not in names:
            raise ConfigurationError(str(path), section, "no such section", remedy)
    for variable in environ:
        if variable.startswith(PREFIX) and "__" in variable:
            section = variable.removeprefix(PREFIX).split("__", 1)[0].lower()
            if section not in names:
                raise ConfigurationError(variable, section, "no such section", remedy)


def _file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            str(path), "(file)", error.strerror or "cannot be read", "name a readable file with --config"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), "(file)", f"not TOML: {error}", "correct the syntax there") from error


class _Reader:
    """One pass over one section; remembers which variables were used."""

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = environ
        self.used: set[str] = set()

    def dataclass(self, kind: Any, table: object, key: str, *, overlay: bool = True) -> object:
        source = str(self.path)
        if not isinstance(table, dict):
            raise ConfigurationError(source, key, "not a table", f"write it as [{key}]")
        hints = get_type_hints(kind)
        known = [field.name for field in fields(kind)]
        for name in table:
            if name not in known:
                raise ConfigurationError(source, f"{key}.{name}", "no such setting", _nearby(known))
        values: dict[str, object] = {}
        for field in fields(kind):
            below = f"{key}.{field.name}"
            value = self.field(hints[field.name], table.get(field.name, MISSING), below, overlay=overlay)
            if value is not MISSING:
                values[field.name] = value
            elif field.default is MISSING and field.default_factory is MISSING:
                raise ConfigurationError(source, below, "missing", f"set it, or {variable_of(below)}")
        try:
            return kind(**values)
        except ValueError as error:
            raise ConfigurationError(source, key, str(error), "choose a value in range") from error

    def field(self, hint: Any, value: object, key: str, *, overlay: bool) -> object:
        """The value of one field, or MISSING."""
        hint = _not_none(hint)
        if is_dataclass(hint):
            if value is MISSING and not self.names_below(key):
                return MISSING
            return self.dataclass(hint, {} if value is MISSING else value, key, overlay=overlay)
        override = self.override(key) if overlay else None
        if override is not None:
            variable, text = override
            return _from_text(hint, text, variable, key)
        if value is MISSING:
            return MISSING
        return self.from_file(hint, value, key)

    def from_file(self, hint: Any, value: object, key: str) -> object:
        source = str(self.path)
        if get_origin(hint) is tuple:
            if not isinstance(value, list):
                raise ConfigurationError(source, key, "not a list", "write it in square brackets")
            item = get_args(hint)[0]
            if is_dataclass(item):
                return tuple(
                    self.dataclass(item, entry, f"{key}.{index}", overlay=False) for index, entry in enumerate(value)
                )
            return tuple(self.from_file(item, entry, key) for entry in value)
        if hint is float and type(value) is int:
            return float(value)
        if hint is Path and isinstance(value, str) and self.path is not None:
            return self.path.parent / value
        if type(value) is not hint or value != value:  # NaN is no number that a limit could be
            raise ConfigurationError(source, key, f"not {_NAMES[hint]}", f"write {_NAMES[hint]}")
        return value

    def override(self, key: str) -> tuple[str, str] | None:
        """The variable that sets ``key``, and its text."""
        variable = variable_of(key)
        if variable in self.environ:
            self.used.add(variable)
            return variable, self.environ[variable]
        by_file = f"{variable}_FILE"
        if by_file not in self.environ:
            return None
        self.used.add(by_file)
        try:
            return by_file, Path(self.environ[by_file]).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(by_file, key, f"cannot be read: {error}", "name a readable file") from error

    def names_below(self, key: str) -> bool:
        start = f"{variable_of(key)}__"
        return any(variable.startswith(start) for variable in self.environ)

    def refuse_unread(self, section: str) -> None:
        start = f"{variable_of(section)}__"
        for variable in self.environ:
            if variable.startswith(start) and variable not in self.used:
                key = variable.removeprefix(PREFIX).lower().replace("__", ".")
                raise ConfigurationError(variable, key, "no such setting", "correct or remove the variable")


def variable_of(key: str) -> str:
    """``imap.idle_timeout`` -> ``EILPOST_IMAP__IDLE_TIMEOUT``."""
    return PREFIX + key.upper().replace(".", "__")


def _nearby(known: list[str]) -> str:
    return f"known here: {', '.join(known)}"


def _not_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (arg for arg in get_args(hint) if arg is not type(None))
    return hint


def _from_text(hint: Any, text: str, variable: str, key: str) -> object:
    if get_origin(hint) is tuple:
        if is_dataclass(get_args(hint)[0]):
            raise ConfigurationError(variable, key, "a list of tables", "write it in the file")
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        value = _TRUTH[text.strip().lower()] if hint is bool else hint(text)
        if value != value:
            raise ValueError(text)
        return value
    except (ValueError, KeyError) as error:
        raise ConfigurationError(variable, key, f"not {_NAMES[hint]}", f"give {_NAMES[hint]}") from error
