"""enotify (RFC 5435) with the method mailto (RFC 5436)."""

from __future__ import annotations

from urllib.parse import unquote

from shared.mail.address import AddressError, parse_address
from shared.sieve.addresses import check_author
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.extensions.fcc import fcc_of
from shared.sieve.outcome import Notify
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import resolve, resolve_all

_MAX_METHOD, _MAX_RECIPIENTS = 2_000, 4


def mailto(method: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Recipients and header fields of a mailto URI (RFC 6068). Raises `RunProblem` for all that we do not send to."""
    scheme, colon, rest = method.partition(":")
    if not colon or scheme.lower() != "mailto" or len(method) > _MAX_METHOD:
        raise RunProblem(f"{method[:60]!r} is no way to notify that is known here")
    path, _, query = rest.partition("?")
    fields = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name:
            fields[unquote(name).lower()] = unquote(value)
    listed = [*path.split(","), *fields.get("to", "").split(","), *fields.get("cc", "").split(",")]
    named = [unquote(one) for one in listed if one.strip()]
    try:
        recipients = tuple(dict.fromkeys([str(parse_address(one.strip())) for one in named]))
    except AddressError as error:
        raise RunProblem(f"{method[:60]!r}: {error}") from error
    if not 0 < len(recipients) <= _MAX_RECIPIENTS:
        raise RunProblem(f"{method[:60]!r} does not name 1 to {_MAX_RECIPIENTS} recipients")
    return recipients, fields


def _is_valid(method: str) -> bool:
    try:
        mailto(method)
    except RunProblem:
        return False
    return True


def _notify(arguments: Arguments) -> Step:
    (method,) = arguments.texts(0)
    message, sender = arguments.tag_texts("message"), arguments.tag_texts("from")
    importance, options = arguments.tag_texts("importance"), arguments.tag_texts("options") or ()
    fcc = fcc_of(arguments)
    if isinstance(method, str) and not _is_valid(method):
        raise arguments.fail(f"{method[:60]!r} is no way to notify that is known here")
    if sender is not None and isinstance(sender[0], str) and sender[0]:
        check_author(sender[0], arguments.fail)
    if importance is not None and isinstance(importance[0], str) and importance[0] not in ("1", "2", "3"):
        raise arguments.fail(":importance is 1, 2 or 3")

    def step(run: Run) -> Signal | None:
        uri = resolve(method, run)
        mailto(uri)
        origin = "" if sender is None else resolve(sender[0], run)
        if origin:
            check_author(origin, RunProblem)
        level = "2" if importance is None else resolve(importance[0], run)
        action = Notify(
            uri,
            "" if message is None else resolve(message[0], run),
            origin,
            int(level) if level in ("1", "2", "3") else 2,
            tuple(resolve_all(options, run)),
            None if fcc is None else fcc(run),
            run.message.content,
        )
        run.act(action, cancels_keep=False)
        return None

    return step


def _valid(arguments: Arguments) -> TestFunction:
    methods = arguments.texts(0)
    return lambda run: all(_is_valid(method) for method in resolve_all(methods, run))


def _capability(arguments: Arguments) -> TestFunction:
    (method,), (name,), matcher = arguments.texts(0), arguments.texts(1), arguments.matcher(arguments.texts(2))

    def test(run: Run) -> bool:
        if resolve(name, run).lower() != "online" or not _is_valid(resolve(method, run)):
            return False
        return matcher(run, ("maybe",))

    return test


_TAGS = (
    TagRow("from", Value.STRING),
    TagRow("importance", Value.STRING),
    TagRow("options", Value.STRINGS),
    TagRow("message", Value.STRING),
)
EXTENSION = Extension(
    "enotify",
    tests=(
        TestRow("valid_notify_method", _valid, (Value.STRINGS,)),
        TestRow("notify_method_capability", _capability, (Value.STRING, Value.STRING, Value.STRINGS), matches=True),
    ),
    commands=(CommandRow("notify", _notify, (Value.STRING,), _TAGS),),
)
