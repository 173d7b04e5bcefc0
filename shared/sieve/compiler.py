"""The validator: commands to closures, each checked against its row in the registry.

A compiled script holds no state of a run, so that one serves all letters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from shared.sieve.arguments import Arguments, TagValue
from shared.sieve.errors import NOWHERE, InvalidScript, RunProblem, SieveError
from shared.sieve.lexer import Source
from shared.sieve.limits import Limits
from shared.sieve.matching import MatchType
from shared.sieve.outcome import Traced
from shared.sieve.registry import CommandRow, Registry, Step, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run, Signal
from shared.sieve.syntax import Argument, Command, Number, Strings, Tag, Test
from shared.sieve.text import BadCharacter, Text, Texts, decode_encoded, template
from shared.sieve.wildcard import MATCHED

READING = frozenset({"encoded-character", "variables"})  # they change how scripts are read: ihave cannot bring them
Branch = tuple[TestFunction | None, Step]
V = TypeVar("V")


class Compiler:
    """Compiles the commands of one script. ``traced``: each step also writes itself down."""

    def __init__(self, source: Source, registry: Registry, limits: Limits, *, traced: bool) -> None:
        self._source = source
        self._registry = registry
        self._limits = limits
        self._traced = traced
        self._required: frozenset[str] = frozenset()
        self._named: frozenset[str] = frozenset()
        self._blocks: list[str] = []

    @property
    def required(self) -> frozenset[str]:
        """What the script requires, and what it tries to have."""
        return self._required

    @property
    def for_delivery(self) -> frozenset[str]:
        """What its require names that only a letter's delivery can use."""
        return self._registry.for_delivery(self._named)

    def compile(self, commands: Sequence[Command]) -> Step:
        """The whole script. Raises `InvalidScript`."""
        first = 0
        while first < len(commands) and commands[first].name == "require":
            self._require(commands[first])
            first += 1
        self._named = self._required
        if "ihave" in self._required:
            self._required |= self._tried(commands[first:])
        return self._block(commands[first:])

    def _fail(self, problem: str, at: int) -> InvalidScript:
        return InvalidScript(problem, self._source.place(at))

    def _require(self, command: Command) -> None:
        arguments = command.arguments
        if len(arguments) != 1 or not isinstance(arguments[0], Strings) or command.tests or command.block is not None:
            raise self._fail("require takes one string list", command.at)
        for name in arguments[0].values:
            if name not in self._registry.extensions:
                raise self._fail(f"extension {name[:60]!r} is not known", arguments[0].at)
            self._required |= {name, *self._registry.extensions[name].implies}

    def _tried(self, commands: Sequence[Command]) -> frozenset[str]:
        """What ihave tests ask for and we have: it may be used where the test says so (RFC 5463 section 4)."""
        found: set[str] = set()
        pending: list[Command | Test] = list(commands)
        while pending:
            item = pending.pop()
            pending.extend(item.tests)
            if isinstance(item, Command):
                pending.extend(item.block or ())
            elif item.name == "ihave":
                names = [name for one in item.arguments if isinstance(one, Strings) for name in one.values]
                found.update([name for name in names if name in self._registry.extensions and name not in READING])
        implied = [more for name in found for more in self._registry.extensions[name].implies]
        return frozenset([*found, *implied])

    # --- commands ---

    def _block(self, commands: Sequence[Command]) -> Step:
        steps: list[Step] = []
        index = 0
        while index < len(commands):
            command = commands[index]
            if command.name == "if":
                count = 1
                while index + count < len(commands) and commands[index + count].name in ("elsif", "else"):
                    count += 1
                    if commands[index + count - 1].name == "else":
                        break
                steps.append(self._chain(commands[index : index + count]))
                index += count
            else:
                steps.append(self._command(command))
                index += 1
        return _sequence(tuple(steps))

    def _chain(self, commands: Sequence[Command]) -> Step:
        branches: list[Branch] = []
        for command in commands:
            if command.block is None or command.arguments:
                raise self._fail(f"{command.name} takes a test and a block", command.at)
            if len(command.tests) != (command.name != "else"):
                raise self._fail(f"{command.name} takes {'no' if command.name == 'else' else 'one'} test", command.at)
            test = self._test(command.tests[0]) if command.tests else None
            branches.append((test, self._block(command.block)))
        return _choice(tuple(branches))

    def _command(self, command: Command) -> Step:
        row = self._registry.commands.get(command.name)
        if row is None or (row.extension and row.extension not in self._required):
            return self._unknown("command", command.name, "" if row is None else row.extension, command.at, _never)
        if row.block is not (command.block is not None):
            raise self._fail(f"{row.name} takes {'a' if row.block else 'no'} block", command.at)
        self._blocks.append(command.name)
        block = None if command.block is None else self._block(command.block)
        self._blocks.pop()
        step = row.build(self._bind(row, command, block))
        counted = self._counted(step, command.at)
        return self._written(counted, command.at, lambda _: "done") if self._traced else counted

    def _counted(self, function: Callable[[Run], V], at: int) -> Callable[[Run], V]:
        """``function`` as one step, with its place in errors that name none."""
        place = self._source.place(at)

        def counted(run: Run) -> V:
            try:
                run.steps -= 1
                if run.steps <= run.checkpoint:
                    run.look()
                return function(run)
            except SieveError as error:
                if error.place is not NOWHERE:
                    raise
                raise type(error)(error.problem, place) from error

        return counted

    def _unknown(self, kind: str, name: str, extension: str, at: int, make: Callable[[RunProblem], V]) -> V:
        """What is not to be had: an error now, or under ihave once it is reached (RFC 5463 section 4)."""
        problem = (
            f"{kind} {name[:60]!r} needs {extension!r} required"
            if extension
            else f"{kind} {name[:60]!r} is not known"
        )
        if "ihave" not in self._required or name in ("elsif", "else", "require"):
            if name in ("elsif", "else"):
                problem = f"{name} without if"
            if name == "require":
                problem = "require stands behind another command"
            raise self._fail(problem, at)
        return make(RunProblem(problem, self._source.place(at)))

    # --- tests ---

    def _test(self, test: Test) -> TestFunction:
        row = self._registry.tests.get(test.name)
        if row is None or (row.extension and row.extension not in self._required):
            return self._unknown("test", test.name, "" if row is None else row.extension, test.at, _never_true)
        counted = self._counted(row.build(self._bind(row, test, None)), test.at)
        if not self._traced:
            return counted
        return self._written(counted, test.at, lambda result: "true" if result else "false")

    def _written(self, function: Callable[[Run], V], at: int, word: Callable[[V], str]) -> Callable[[Run], V]:
        place = self._source.place(at)
        line = self._line(at)

        def written(run: Run) -> V:
            trace = run.trace
            if trace is None:
                return function(run)
            number = len(trace)
            script = run.inclusions[-1] if run.inclusions else ""
            trace.append(Traced(place, line, "failed", script))
            result = function(run)
            trace[number] = Traced(place, line, word(result), script)
            return result

        return written

    def _line(self, at: int) -> str:
        text = self._source.text
        end = text.find("\n", at)
        return text[at : end if end >= 0 else len(text)].strip()[:100]

    # --- arguments ---

    def _bind(self, row: TestRow | CommandRow, item: Test | Command, block: Step | None) -> Arguments:
        wanted = row.tests
        if (wanted < 0 and not item.tests) or (wanted >= 0 and len(item.tests) != wanted):
            raise self._fail(f"{row.name} takes {('a list of', 'no', 'one')[wanted + 1]} test", item.at)
        tags, match_type, rest = self._tags(row, item)
        return Arguments(
            row.name,
            self._source.place(item.at),
            tags,
            self._positional(row, rest, item.at),
            tuple([self._test(test) for test in item.tests]),
            block,
            match_type,
            self._registry,
            self._required,
            self._limits,
            tuple(self._blocks),
        )

    def _tags(
        self, row: TestRow | CommandRow, item: Test | Command
    ) -> tuple[dict[str, TagValue], MatchType | None, list[Argument]]:
        rows = {tag.name: tag for tag in row.tags if not tag.extension or tag.extension in self._required}
        tags: dict[str, TagValue] = {}
        groups: set[str] = set()
        match_type: MatchType | None = None
        rest: list[Argument] = []
        arguments = iter(item.arguments)
        for argument in arguments:
            if not isinstance(argument, Tag):
                rest.append(argument)
                continue
            if rest:
                raise self._fail(f"{row.name}: :{argument.name} must stand before the other arguments", argument.at)
            known = rows.get(argument.name)
            if known is None and row.matches:
                known, match_type = self._match_tag(argument, match_type)
            if known is None:
                raise self._fail(f"{row.name} has no :{argument.name[:60]} here", argument.at)
            group = known.group or known.name
            if group in groups:
                raise self._fail(f"{row.name}: :{argument.name} is one too many", argument.at)
            groups.add(group)
            tags[known.name] = (
                True if known.value is None else self._value(next(arguments, None), known.value, argument.at)
            )
        return tags, match_type, rest

    def _match_tag(self, tag: Tag, earlier: MatchType | None) -> tuple[TagRow | None, MatchType | None]:
        if tag.name == "comparator":
            return TagRow("comparator", Value.STRING), earlier
        found = self._registry.match_types.get(tag.name)
        if found is None or (found.extension and found.extension not in self._required):
            return None, earlier
        return TagRow(found.name, Value.STRING if found.has_relation else None, "match type"), found

    def _positional(self, row: TestRow | CommandRow, rest: list[Argument], at: int) -> tuple[int | Texts | None, ...]:
        missing = len(row.positional) - len(rest)
        trailing = row.trailing if isinstance(row, CommandRow) else 0
        if missing < 0 or missing > row.optional + trailing:
            raise self._fail(f"{row.name} takes {_described(row)}", at)
        kinds = row.positional[: len(rest)] if trailing else row.positional[missing:]
        values = [self._value(one, kind, at) for one, kind in zip(rest, kinds, strict=True)]
        nothing = [None] * missing
        return (*values, *nothing) if trailing else (*nothing, *values)

    def _value(self, argument: Argument | None, kind: Value, at: int) -> int | Texts:
        if isinstance(argument, Number) and kind is Value.NUMBER:
            return argument.value
        if isinstance(argument, Strings) and (
            kind is Value.STRINGS or (kind is Value.STRING and not argument.is_list)
        ):
            return tuple([self._text(value, argument.at) for value in argument.values])
        raise self._fail(f"{kind.value} expected", at if argument is None else argument.at)

    def _text(self, value: str, at: int) -> Text:
        if "encoded-character" in self._required:
            try:
                value = decode_encoded(value)
            except BadCharacter as error:
                raise self._fail(str(error), at) from error
        if "variables" not in self._required:
            return value
        made = template(value)
        for name in () if isinstance(made, str) else made.names:
            self._check_variable(name, at)
        return made

    def _check_variable(self, name: str, at: int) -> None:
        """Namespaces are those of what is required (RFC 5229 section 3), numbers those that we keep (section 6)."""
        namespace, dot, rest = name.rpartition(".")
        if name.isdigit() and int(name) > MATCHED:
            raise self._fail(f"there are no more than {MATCHED} match variables", at)
        if dot and not (namespace == "global" and rest and "include" in self._required):
            raise self._fail(f"there is no namespace {namespace[:60]!r} here", at)


def _described(row: TestRow | CommandRow) -> str:
    return ", ".join([kind.value for kind in row.positional]) or "no arguments"


def _sequence(steps: tuple[Step, ...]) -> Step:
    def run_all(run: Run) -> Signal | None:
        for step in steps:
            signal = step(run)
            if signal is not None:
                return signal
        return None

    return steps[0] if len(steps) == 1 else run_all


def _choice(branches: tuple[Branch, ...]) -> Step:
    def choose(run: Run) -> Signal | None:
        for test, block in branches:
            if test is None or test(run):
                return block(run)
        return None

    return choose


def _never(problem: RunProblem) -> Step:
    def fail(run: Run) -> Signal | None:
        raise RunProblem(problem.problem, problem.place)

    return fail


def _never_true(problem: RunProblem) -> TestFunction:
    def fail(run: Run) -> bool:
        raise RunProblem(problem.problem, problem.place)

    return fail
