"""The language itself (RFC 5228): what needs no ``require``. ``if`` and ``require`` stand in the compiler."""

from __future__ import annotations

from shared.sieve.addresses import PART_TAGS, destination, wanted_part
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.extensions.extlists import members
from shared.sieve.filing import flags_of
from shared.sieve.matching import BASE, Matcher
from shared.sieve.message import addresses
from shared.sieve.occurrences import chooser
from shared.sieve.outcome import Discard, Keep, Redirect
from shared.sieve.part_fields import Fields, reader, texts
from shared.sieve.redirection import demands
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.text import constants, resolve, resolve_all

ADDRESS_FIELDS = frozenset(
    {
        "from",
        "to",
        "cc",
        "bcc",
        "sender",
        "reply-to",
        "resent-from",
        "resent-to",
        "resent-cc",
        "resent-bcc",
        "resent-sender",
        "resent-reply-to",
        "return-path",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "apparently-to",
        "errors-to",
        "mail-followup-to",
        "mail-reply-to",
        "disposition-notification-to",
        "return-receipt-to",
    }
)


def _address(arguments: Arguments) -> TestFunction:
    names, keys, in_parts = arguments.texts(0), arguments.texts(1), reader(arguments)
    matcher, part, choose = arguments.matcher(keys), wanted_part(arguments), chooser(arguments)
    for name in constants(names) or ():
        if name.lower() not in ADDRESS_FIELDS:
            raise arguments.fail(f"{name[:60]!r} is no header field of addresses")

    def test(run: Run) -> bool:
        found: list[str] = []
        for name in resolve_all(names, run):
            if name.lower() not in ADDRESS_FIELDS:
                continue
            if in_parts is None:
                fields = run.message.addresses(name)
            else:
                fields = [addresses(value) for value in in_parts(run, name)]
            for field in fields if choose is None else choose(fields):
                run.spend(len(field))
                found.extend([text for one in field if (text := part(*one)) is not None])
        return matcher(run, found)

    return test


def _header(arguments: Arguments) -> TestFunction:
    names, matcher, choose = arguments.texts(0), arguments.matcher(arguments.texts(1)), chooser(arguments)
    fixed, in_parts = constants(names), reader(arguments)
    if in_parts is not None:
        return _header_in_parts(arguments, matcher, in_parts)
    if choose is None and fixed is not None and len(fixed) == 1:
        name = fixed[0]
        return lambda run: matcher(run, run.message.values(name))

    def test(run: Run) -> bool:
        found: list[str] = []
        for name in resolve_all(names, run):
            values = run.message.values(name)
            found.extend(values if choose is None else choose(values))
        return matcher(run, found)

    return test


def _header_in_parts(arguments: Arguments, matcher: Matcher, in_parts: Fields) -> TestFunction:
    names, choose, compared = arguments.texts(0), chooser(arguments), texts(arguments)

    def test(run: Run) -> bool:
        found: list[str] = []
        for name in resolve_all(names, run):
            values = in_parts(run, name)
            for value in values if choose is None else choose(values):
                found += compared(run, value)
        return matcher(run, found)

    return test


def _exists(arguments: Arguments) -> TestFunction:
    names, in_parts = arguments.texts(0), reader(arguments)
    if in_parts is not None:
        return lambda run: all(in_parts(run, name) for name in resolve_all(names, run))
    return lambda run: all(run.message.has(name) for name in resolve_all(names, run))


def _size(arguments: Arguments) -> TestFunction:
    if not arguments.tags:
        raise arguments.fail(":over or :under expected")
    over, under = arguments.tag_number("over"), arguments.tag_number("under")
    if over is not None:
        return lambda run: run.message.size > over
    return lambda run: under is not None and run.message.size < under


def _allof(arguments: Arguments) -> TestFunction:
    tests = arguments.tests

    def test(run: Run) -> bool:
        return all(one(run) for one in tests)

    return test


def _anyof(arguments: Arguments) -> TestFunction:
    tests = arguments.tests

    def test(run: Run) -> bool:
        return any(one(run) for one in tests)

    return test


def _not(arguments: Arguments) -> TestFunction:
    inner = arguments.tests[0]
    return lambda run: not inner(run)


def _true(arguments: Arguments) -> TestFunction:
    return lambda run: True


def _false(arguments: Arguments) -> TestFunction:
    return lambda run: False


def _keep(arguments: Arguments) -> Step:
    flags = flags_of(arguments)

    def step(run: Run) -> Signal | None:
        run.act(Keep(flags(run), run.message.content), cancels_keep=True)
        return None

    return step


def _discard(arguments: Arguments) -> Step:
    def step(run: Run) -> Signal | None:
        run.act(Discard(), cancels_keep=True)
        return None

    return step


def _redirect(arguments: Arguments) -> Step:
    (address,), copies, is_list = arguments.texts(0), arguments.has("copy"), arguments.has("list")
    demanded = demands(arguments)
    if isinstance(address, str) and not is_list:
        try:
            destination(address)
        except RunProblem as problem:
            raise arguments.fail(problem.problem) from problem

    def step(run: Run) -> Signal | None:
        to, wanted, content = resolve(address, run), demanded(run), run.message.forwarded
        for one in members(run, to) if is_list else (to,):
            run.act(Redirect(destination(one), content, *wanted), cancels_keep=False)
        if not copies:
            run.keeps = False
        return None

    return step


def _stop(arguments: Arguments) -> Step:
    return lambda run: Signal.STOP


PARTS = tuple([TagRow(name, None, "address part") for name in PART_TAGS])
EXTENSION = Extension(
    "",
    tests=(
        TestRow("address", _address, (Value.STRINGS, Value.STRINGS), PARTS, matches=True),
        TestRow("allof", _allof, tests=-1),
        TestRow("anyof", _anyof, tests=-1),
        TestRow("exists", _exists, (Value.STRINGS,)),
        TestRow("false", _false),
        TestRow("header", _header, (Value.STRINGS, Value.STRINGS), matches=True),
        TestRow("not", _not, tests=1),
        TestRow("size", _size, (), (TagRow("over", Value.NUMBER, "size"), TagRow("under", Value.NUMBER, "size"))),
        TestRow("true", _true),
    ),
    commands=(
        CommandRow("keep", _keep),
        CommandRow("discard", _discard),
        CommandRow("redirect", _redirect, (Value.STRING,)),
        CommandRow("stop", _stop),
    ),
    match_types=BASE,
)
