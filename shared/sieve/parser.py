"""Tokens to commands: the generic grammar of RFC 5228 section 8.2. Depth and lists are bounded."""

from __future__ import annotations

from shared.sieve.errors import LimitExceeded, SyntaxProblem
from shared.sieve.lexer import Kind, Source, Token, tokens
from shared.sieve.limits import DEFAULT, Limits
from shared.sieve.syntax import Argument, Command, Number, Strings, Tag, Test


def parse(source: Source, limits: Limits = DEFAULT) -> tuple[Command, ...]:
    """The commands of a script. Raises `SyntaxProblem` and `LimitExceeded`."""
    return _Parser(source, limits).script()


class _Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._tokens = tokens(source)
        self._next = next(self._tokens)

    def script(self) -> tuple[Command, ...]:
        commands = self._commands(0)
        if self._next.kind is not Kind.END:
            raise self._unexpected()
        return commands

    def _take(self) -> Token:
        token = self._next
        if token.kind is not Kind.END:
            self._next = next(self._tokens)
        return token

    def _is_mark(self, mark: str) -> bool:
        return self._next.kind is Kind.MARK and self._next.text == mark

    def _expect(self, mark: str) -> None:
        if not self._is_mark(mark):
            raise self._unexpected(f"{mark!r} expected")
        self._take()

    def _unexpected(self, wanted: str = "") -> SyntaxProblem:
        token = self._next
        found = "the end of the script" if token.kind is Kind.END else f"{token.text[:40]!r}"
        problem = f"{wanted}, {found} found" if wanted else f"{found} may not stand here"
        return SyntaxProblem(problem, self._source.place(token.at))

    def _deeper(self, depth: int) -> int:
        if depth >= self._limits.nesting:
            place = self._source.place(self._next.at)
            raise LimitExceeded(f"more than {self._limits.nesting} levels of nesting", place)
        return depth + 1

    def _commands(self, depth: int) -> tuple[Command, ...]:
        commands = []
        while self._next.kind is Kind.WORD:
            commands.append(self._command(depth))
        return tuple(commands)

    def _command(self, depth: int) -> Command:
        name = self._take()
        arguments = self._arguments()
        tests = self._tests(0)
        block: tuple[Command, ...] | None = None
        if self._is_mark("{"):
            inside = self._deeper(depth)
            self._take()
            block = self._commands(inside)
            self._expect("}")
        elif self._is_mark(";"):
            self._take()
        else:
            raise self._unexpected("';' expected")
        return Command(name.text, arguments, tests, block, name.at)

    def _tests(self, depth: int) -> tuple[Test, ...]:
        """One test, a list of tests in parentheses, or none."""
        if self._next.kind is Kind.WORD:
            return (self._test(depth),)
        if not self._is_mark("("):
            return ()
        self._take()
        found = [self._test(depth)]
        while self._is_mark(","):
            self._take()
            found.append(self._test(depth))
        self._expect(")")
        return tuple(found)

    def _test(self, depth: int) -> Test:
        inside = self._deeper(depth)
        if self._next.kind is not Kind.WORD:
            raise self._unexpected("a test expected")
        name = self._take()
        arguments = self._arguments()
        return Test(name.text, arguments, self._tests(inside), name.at)

    def _arguments(self) -> tuple[Argument, ...]:
        found: list[Argument] = []
        while True:
            token = self._next
            if token.kind is Kind.TAG:
                found.append(Tag(token.text, token.at))
            elif token.kind is Kind.NUMBER:
                found.append(Number(token.number, token.at))
            elif token.kind is Kind.STRING:
                found.append(Strings((token.text,), False, token.at))
            elif self._is_mark("["):
                found.append(self._list())
                continue
            else:
                return tuple(found)
            if len(found) > self._limits.strings:
                raise LimitExceeded("too many arguments", self._source.place(token.at))
            self._take()

    def _list(self) -> Strings:
        at = self._take().at
        values = [self._string()]
        while self._is_mark(","):
            self._take()
            values.append(self._string())
        self._expect("]")
        if len(values) > self._limits.strings:
            raise LimitExceeded(f"more than {self._limits.strings} strings in a list", self._source.place(at))
        return Strings(tuple(values), True, at)

    def _string(self) -> str:
        if self._next.kind is not Kind.STRING:
            raise self._unexpected("a string expected")
        return self._take().text
