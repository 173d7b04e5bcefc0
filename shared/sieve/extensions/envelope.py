"""envelope (RFC 5228 section 5.4), with the parts of envelope-dsn and envelope-deliverby (RFC 6009 sections 4 and 5)
where those are required."""

from __future__ import annotations

from shared.sieve.addresses import path, wanted_part
from shared.sieve.arguments import Arguments
from shared.sieve.extensions import envelope_deliverby
from shared.sieve.extensions.base import PARTS
from shared.sieve.registry import Extension, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import constants, resolve_all

_ADDRESSES = frozenset({"from", "to"})
_DSN = frozenset({"notify", "ret", "orcpt", "envid"})


def _envelope(arguments: Arguments) -> TestFunction:
    names, matcher = arguments.texts(0), arguments.matcher(arguments.texts(1))
    part = wanted_part(arguments)
    allowed = _allowed(arguments.required)
    deliver_by = envelope_deliverby.deliver_by(arguments)
    has_part = any(arguments.has(tag) for tag in ("all", "localpart", "domain", "user", "detail"))
    for name in constants(names) or ():
        if name.lower() not in allowed:
            raise arguments.fail(f"{name[:60]!r} is no part of an envelope that can be tested")
        if has_part and name.lower() not in _ADDRESSES:
            raise arguments.fail(f"{name!r} is no address and has no parts")

    def values(run: Run, name: str) -> list[str]:
        envelope = run.envelope
        if name == "from":
            return _parts(envelope.sender, is_null="")
        if name == "to":
            return _parts(envelope.recipient, is_null=None)
        plain = {
            "auth": envelope.user,
            "ret": envelope.ret,
            "orcpt": envelope.original,
            "envid": envelope.envelope_id,
        }
        if name in envelope_deliverby.NAMES:
            return deliver_by(run, name)
        if name == "notify":
            return [word for word in envelope.notify.split(",") if word]
        return [plain[name]] if plain.get(name) else []

    def _parts(address: str, is_null: str | None) -> list[str]:
        if not address:  # the null reverse-path is the empty string, whatever part (RFC 5228 section 5.4)
            return [] if is_null is None else [is_null]
        text = part(*path(address))
        return [] if text is None else [text]

    def test(run: Run) -> bool:
        run.needs_delivery("envelope")
        found: list[str] = []
        for name in resolve_all(names, run):
            if name.lower() in allowed:
                found.extend(values(run, name.lower()))
        return matcher(run, found)

    return test


def _allowed(required: frozenset[str]) -> frozenset[str]:
    """The names of parts, in lower case."""
    names = _ADDRESSES | {"auth"}
    if "envelope-dsn" in required:
        names |= _DSN
    if "envelope-deliverby" in required:
        names |= envelope_deliverby.NAMES
    return names


EXTENSION = Extension(
    "envelope", tests=(TestRow("envelope", _envelope, (Value.STRINGS, Value.STRINGS), PARTS, matches=True),)
)
