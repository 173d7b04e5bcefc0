"""extracttext (RFC 5703 section 7): the text of the part that a loop is at, into a variable."""

from __future__ import annotations

from shared.mail.parts import Kind
from shared.mail.text import decode_body
from shared.sieve.arguments import Arguments
from shared.sieve.extensions.variables import MODIFIERS, assign, modifier, variable_name
from shared.sieve.registry import CommandRow, Extension, Step, TagRow, Value
from shared.sieve.run import Run, Signal


def _extract(arguments: Arguments) -> Step:
    if "foreverypart" not in arguments.blocks:
        raise arguments.fail("this stands in a foreverypart")
    if "variables" not in arguments.required:
        raise arguments.fail("'variables' is not required")
    name, first, modify = variable_name(arguments, 0), arguments.tag_number("first"), modifier(arguments)

    def step(run: Run) -> Signal | None:
        text = _text(run)
        assign(run, name, modify(text if first is None else text[:first]))
        return None

    return step


def _text(run: Run) -> str:
    """The decoded text, "" of what is no text."""
    assert run.part is not None
    part = run.part.part
    if part.kind is not Kind.LEAF or part.type != "text":
        return ""
    body = run.message.octets[part.body_start : part.end]
    run.spend(len(body))
    return decode_body(body, part.encoding, part.charset)


EXTENSION = Extension(
    "extracttext",
    commands=(CommandRow("extracttext", _extract, (Value.STRING,), (TagRow("first", Value.NUMBER), *MODIFIERS)),),
)
