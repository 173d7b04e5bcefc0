"""envelope-deliverby (RFC 6009 section 5): "bytimeabsolute", "bytimerelative", "bymode" and "bytrace" of `envelope`.

By when a letter is to be delivered (RFC 2852), as it stands while the script runs. A letter whose sender gave no BY
has none of these parts.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.sieve.arguments import Arguments
from shared.sieve.extensions.date import PARTS, ZONE, in_zone, moment
from shared.sieve.registry import Extension
from shared.sieve.run import Run

NAMES = frozenset({"bytimeabsolute", "bytimerelative", "bymode", "bytrace"})
EXTENSION = Extension("envelope-deliverby", tags={"envelope": (ZONE,)}, implies=("envelope",))


def deliver_by(arguments: Arguments) -> Callable[[Run, str], list[str]]:
    """The value of one of `NAMES`; "bytimeabsolute" in the zone that ``:zone`` names, else in the server's."""
    shift = in_zone(arguments)

    def values(run: Run, name: str) -> list[str]:
        envelope = run.envelope
        if not envelope.by_mode:
            return []
        if name == "bytimeabsolute":
            return [PARTS["iso8601"](shift(run, moment(envelope.deliver_by)))]
        if name == "bytimerelative":
            return [str(int(envelope.deliver_by - run.context.now))]
        if name == "bymode":
            return ["return" if "R" in envelope.by_mode else "notify"]
        return ["trace" if "T" in envelope.by_mode else ""]

    return values
