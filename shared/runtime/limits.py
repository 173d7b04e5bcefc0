"""What the kernel allows this process."""

from __future__ import annotations

import resource


def raise_open_files() -> int:
    """Allow as many open files (so, connections) as the hard limit does; the number that holds now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
