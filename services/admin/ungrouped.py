"""From the groups that nurseries raise to the one error that a command ends for.

Not by ``except*``: Python before 3.11.4 wraps what is raised there in a group again, and with it the exit code.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raise the first error of a group in place of the group."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group
