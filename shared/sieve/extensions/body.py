"""body (RFC 5173): ``:raw``, ``:content`` of MIME types, ``:text``."""

from __future__ import annotations

from collections.abc import Iterator

from shared.mail.charsets import decode
from shared.mail.parts import Kind, Node, Part
from shared.mail.text import part_text
from shared.mail.transfer import decode_transfer
from shared.sieve.arguments import Arguments
from shared.sieve.registry import Extension, TagRow, TestFunction, TestRow, Value
from shared.sieve.run import Run
from shared.sieve.text import resolve_all


def _body(arguments: Arguments) -> TestFunction:
    matcher = arguments.matcher(arguments.texts(0))
    types = arguments.tag_texts("content")

    def test(run: Run) -> bool:
        before = run.matched
        run.spend(run.message.size)
        if arguments.has("raw"):
            values = [decode(run.message.body, "us-ascii")]
        elif types is not None:
            values = list(_contents(run, [one.lower() for one in resolve_all(types, run)]))
        else:
            octets = run.message.octets
            values = [text for node in _inside(run) if (text := part_text(octets, node.part))]
        result = matcher(run, values)
        if not arguments.is_count:
            run.matched = before  # a body sets no match variables (RFC 5173 section 6)
        return result

    return test


def _inside(run: Run) -> list[Node]:
    """All parts, or those of the part that a loop is at."""
    nodes = run.message.nodes()
    here = run.part
    return nodes if here is None else nodes[here.row : here.row + here.below + 1]


def _contents(run: Run, types: list[str]) -> Iterator[str]:
    """The decoded parts of the types asked for (RFC 5173 section 5.2)."""
    octets = run.message.octets
    for node in _inside(run):
        part = node.part
        if not any(_is_type(part, wanted) for wanted in types):
            continue
        if part.kind is Kind.LEAF:
            body = decode_transfer(octets[part.body_start : part.end], part.encoding)
            yield decode(body, part.charset if part.type == "text" else "us-ascii")
        elif part.kind is Kind.MULTIPART:
            yield from _frame(run, node)
        else:  # message/rfc822: the header of the message inside
            inner = run.message.nodes()[node.row + 1].part
            yield decode(octets[inner.header_start : inner.body_start], "us-ascii")


def _frame(run: Run, node: Node) -> Iterator[str]:
    """Prologue and epilogue of a multipart (RFC 5173 section 5.2)."""
    if not node.below:
        return
    octets, nodes = run.message.octets, run.message.nodes()
    first, last = nodes[node.row + 1].part, nodes[node.row + node.below].part
    yield decode(octets[node.part.body_start : first.header_start].rpartition(b"--")[0], "us-ascii")
    yield decode(octets[last.end : node.part.end].rpartition(b"--")[2], "us-ascii")


def _is_type(part: Part, wanted: str) -> bool:
    """An empty type is all, "text" all subtypes; one that is misspelt is none (RFC 5173 section 5.2)."""
    if not wanted:
        return True
    major, slash, minor = wanted.partition("/")
    if not major or (slash and not minor) or "/" in minor:
        return False
    return part.type == major and (not slash or part.subtype == minor)


_TRANSFORMS = (
    TagRow("raw", None, "transform"),
    TagRow("content", Value.STRINGS, "transform"),
    TagRow("text", None, "transform"),
)
EXTENSION = Extension("body", tests=(TestRow("body", _body, (Value.STRINGS,), _TRANSFORMS, matches=True),))
