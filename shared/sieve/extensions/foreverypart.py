"""foreverypart (RFC 5703 section 3): a block for each MIME part, outermost first, and ``break``."""

from __future__ import annotations

from shared.mail.parts import Node
from shared.sieve.arguments import Arguments
from shared.sieve.errors import RunProblem
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal


def _name(arguments: Arguments) -> str:
    given = arguments.tag_texts("name")
    return "" if given is None else arguments.constant(given)


def _loop(arguments: Arguments) -> Step:
    name, block = _name(arguments), arguments.block
    assert block is not None

    def step(run: Run) -> Signal | None:
        outer, run.loops = run.part, (*run.loops, name)
        try:
            return _walk(run, _parts(run), name, block)
        finally:
            run.part, run.loops = outer, run.loops[:-1]
            if outer is None:
                run.message.settle()

    return step


def _walk(run: Run, parts: list[Node], name: str, block: Step) -> Signal | None:
    replaced = -1  # rows up to here are gone with what they were inside of
    version = run.message.version
    for node in parts:
        if node.row <= replaced:
            continue
        run.tick()
        run.part = node
        signal = block(run)
        if run.message.is_replaced(node):
            replaced = node.row + node.below
        if run.message.version != version:  # it is another message by now, without these parts
            return None if signal is Signal.BREAK else signal
        if signal is Signal.BREAK:
            return None if run.breaks_to in ("", name) else signal
        if signal is not None:
            return signal
    return None


def _parts(run: Run) -> list[Node]:
    """All parts of the message; in a loop inside a loop, those inside the part at hand."""
    nodes, here = run.message.nodes(), run.part
    return nodes if here is None else nodes[here.row + 1 : here.row + here.below + 1]


def _break(arguments: Arguments) -> Step:
    name = _name(arguments)
    if "foreverypart" not in arguments.blocks:
        raise arguments.fail("there is no loop to leave")

    def step(run: Run) -> Signal | None:
        if name and name not in run.loops:
            raise RunProblem(f"no loop around this is called {name[:60]!r}")
        run.breaks_to = name
        return Signal.BREAK

    return step


_TAGS = (TagRow("name", Value.STRING),)
EXTENSION = Extension(
    "foreverypart",
    commands=(
        CommandRow("foreverypart", _loop, (), _TAGS, block=True),
        CommandRow("break", _break, (), _TAGS),
    ),
)
