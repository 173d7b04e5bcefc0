"""From NamedTuple to msgpack and back, checked against the declared types.

A reader compiled per class turns the arrays that msgpack yields into the class again and refuses
anything whose shape or type differs: whatever a broken peer sends, the outcome is a value of the
declared type or `Undecodable`. Missing trailing fields take their defaults and surplus ones are
dropped, so that neighbours of different versions understand each other.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgpack

from shared.base.errors import EilpostError

T = TypeVar("T")

_READERS: dict[Any, Callable[[object], Any]] = {}
_NONE = type(None)

MAX_FRAME = 1_000_000  # octets; what one bus message may carry (max_payload of the broker is 1 MB)


class Undecodable(EilpostError):
    """The octets are not what the contract says."""


def encode(value: object) -> bytes:
    """The msgpack form of a NamedTuple, scalar or tuple."""
    packed: bytes = msgpack.packb(value, default=_plain)
    return packed


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} cannot travel on the bus")


def unpack(octets: bytes | bytearray | memoryview) -> object:
    """msgpack to tuples, dicts and scalars; bounded by the frame's size, or `Undecodable`."""
    try:
        return msgpack.unpackb(octets, use_list=False, raw=False)
    except (ValueError, msgpack.UnpackException, msgpack.StackError, RecursionError) as error:
        raise Undecodable(f"not msgpack: {type(error).__name__}") from error


def decode(kind: type[T], octets: bytes | bytearray | memoryview) -> T:
    """One value of ``kind`` from its octets, or `Undecodable`."""
    return decoder(kind)(unpack(octets))


def decoder(kind: type[T]) -> Callable[[object], T]:
    """The reader of a declared type: takes what `unpack` yields, returns a value of that type."""
    read: Callable[[object], T] | None = _READERS.get(kind)
    if read is None:
        read = _READERS[kind] = _compile(kind)
    return read


def _compile(kind: Any) -> Callable[[object], Any]:
    if kind is object:
        return lambda value: value
    if kind is type(None):
        return _exactly(type(None))
    if kind in (int, str, bytes, bool):
        return _exactly(kind)
    if kind is float:
        return _float
    origin = get_origin(kind)
    if origin is tuple:
        return _tuple(get_args(kind))
    if origin in (Union, types.UnionType):
        return _optional(get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _named(kind)
    raise TypeError(f"{kind!r} has no wire form")


def _exactly(kind: type) -> Callable[[object], object]:
    def read(value: object) -> object:
        if type(value) is not kind:
            raise Undecodable(f"{kind.__name__} expected, {type(value).__name__} found")
        return value

    return read


def _float(value: object) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise Undecodable(f"number expected, {type(value).__name__} found")


def _enum(kind: type[Enum]) -> Callable[[object], Enum]:
    members = {member.value: member for member in kind}

    def read(value: object) -> Enum:
        try:
            return members[value]
        except (KeyError, TypeError) as error:
            raise Undecodable(f"no such {kind.__name__}") from error

    return read


def _tuple(args: tuple[Any, ...]) -> Callable[[object], tuple[Any, ...]]:
    if len(args) == 2 and args[1] is Ellipsis:
        item = _compile(args[0])

        def read_many(value: object) -> tuple[Any, ...]:
            if type(value) is not tuple:
                raise Undecodable(f"array expected, {type(value).__name__} found")
            return tuple(map(item, value))

        return read_many
    items = tuple(_compile(arg) for arg in args)

    def read_fixed(value: object) -> tuple[Any, ...]:
        if type(value) is not tuple or len(value) != len(items):
            raise Undecodable(f"array of {len(items)} expected")
        return tuple(read(part) for read, part in zip(items, value, strict=True))

    return read_fixed


def _optional(args: tuple[Any, ...]) -> Callable[[object], Any]:
    inner = [_compile(arg) for arg in args if arg is not type(None)]
    if len(inner) != 1 or len(args) != 2:
        raise TypeError("a wire type may be optional, but not a choice")
    read_inner = inner[0]
    return lambda value: None if value is None else read_inner(value)


def _named(kind: Any) -> Callable[[object], Any]:
    hints = get_type_hints(kind)
    declared = [hints[name] for name in kind._fields]
    readers = [_compile(each) for each in declared]
    total = len(readers)
    defaults: dict[str, Any] = kind._field_defaults
    tail = [defaults.get(name) for name in kind._fields]
    required = total - len(defaults)
    make = partial(tuple.__new__, kind)
    usual = tuple(map(_usual, declared))
    unproved = [(place, readers[place]) for place, each in enumerate(declared) if usual[place] not in (each, _NONE)]

    def read(value: object) -> Any:
        if type(value) is not tuple or len(value) < required:
            raise Undecodable(f"{kind.__name__} expected")
        if tuple(map(type, value)) == usual:  # nearly always; what that proves, no reader need be called for
            if not unproved:
                return make(value)
            values = list(value)
            for place, take in unproved:
                values[place] = take(values[place])
            return make(values)
        values = [take(part) for take, part in zip(readers, value, strict=False)]
        if len(values) < total:
            values.extend(tail[len(values) :])
        return make(values)

    return read


def _usual(kind: Any) -> type:
    """What msgpack yields for most values of a declared type."""
    if kind in (int, str, bytes, bool, float):
        return cast("type", kind)
    if kind is object or get_origin(kind) in (Union, types.UnionType):
        return _NONE
    if isinstance(kind, type) and issubclass(kind, Enum):
        return type(next(iter(kind)).value)
    return tuple
