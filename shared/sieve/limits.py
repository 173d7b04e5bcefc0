"""What a script may cost. Limits count over a whole run, included scripts and loops among it; nothing resets them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one script, and of one run of it with all that it includes."""

    script: int = 100 * 1024  # octets
    nesting: int = 15  # blocks inside one another, and tests inside one another
    includes: int = 3  # scripts inside one another
    included: int = 32  # inclusions in one run
    actions: int = 32
    redirects: int = 4
    steps: int = 10_000  # commands and tests carried out
    work: int = 40_000_000  # characters looked at
    seconds: float = 1.0  # of the clock that the run is given
    variable: int = 4_096  # characters of one variable's value (RFC 5229 section 6 asks for 4000)
    variables: int = 256  # names (RFC 5229 section 6 asks for 128)
    strings: int = 2_000  # strings in one string list
    edits: int = 64  # header fields added


DEFAULT = Limits()
