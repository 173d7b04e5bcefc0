"""fileinto (RFC 5228 section 4.1)."""

from __future__ import annotations

from shared.sieve.arguments import Arguments
from shared.sieve.filing import target_of
from shared.sieve.registry import CommandRow, Extension, Step, Value
from shared.sieve.run import Run, Signal


def _fileinto(arguments: Arguments) -> Step:
    target, copies = target_of(arguments, arguments.texts(0)), arguments.has("copy")

    def step(run: Run) -> Signal | None:
        run.act(target(run)._replace(content=run.message.content), cancels_keep=not copies)
        return None

    return step


EXTENSION = Extension("fileinto", commands=(CommandRow("fileinto", _fileinto, (Value.STRING,)),))
