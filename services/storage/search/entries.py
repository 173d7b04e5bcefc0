"""What the word index keeps of one content."""

from __future__ import annotations

from services.storage.repositories.words import Entry
from services.storage.search.candidate import Candidate
from services.storage.search.wording import MANY, words
from services.storage.tables.words import COLUMNS
from shared.mail import parts
from shared.mail.parts import Kind

NAMED = frozenset({"subject", "from", "to", "cc", "bcc"})  # fields with a column of their own
MOST_OCTETS = 2 * 1024 * 1024  # of text parts, as transferred, whose words are kept


def entry(number: int, hash: bytes, table: bytes, candidate: Candidate) -> Entry:
    """All words of a content, whose parts are in ``table``."""
    texts: dict[str, list[str]] = {name: [] for name in COLUMNS}
    for name, value in candidate.folded:
        texts[name if name in NAMED else "header"].append(value)
        texts["header"].append(name)
    small = _octets(table) <= MOST_OCTETS
    if small:
        texts["header"].append(candidate.inside_text)
        texts["body"].append(candidate.body_text)
    found = {name: words("\n".join(values)) for name, values in texts.items()}
    if not small:
        found["header"].add(MANY)
        found["body"] = {MANY}
    return Entry(number, hash, tuple(frozenset(found[name]) for name in COLUMNS))


def _octets(table: bytes) -> int:
    """How much there is to read of a body."""
    found = [node.part for node in parts.unpack(table)]
    texts = (part.end - part.body_start for part in found if part.kind is Kind.LEAF and part.type == "text")
    return sum(texts) + sum(part.body_start - part.header_start for part in found[1:])
