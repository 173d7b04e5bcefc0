"""The error types that every room may raise.

An error is raised in the words of its own layer, carries data, and is translated exactly once, at the
door of the room that talks to somebody else (a protocol session, a bus subscriber, the command line).
"""

from __future__ import annotations


class EilpostError(Exception):
    """Root of all errors that Eilpost raises on purpose."""


class Temporary(EilpostError):
    """Trouble of ours that may pass: the peer is asked to try again (4xx, ``NO [UNAVAILABLE]``)."""


class ConfigurationError(EilpostError):
    """The configuration cannot be used.

    ``source`` is the file or environment variable, ``key`` the dotted setting, ``remedy`` what to do.
    A process that meets it says it in one line and exits with 78 (EX_CONFIG of sysexits).
    """

    def __init__(self, source: str, key: str, problem: str, remedy: str) -> None:
        super().__init__(f"{source}: {key}: {problem}; {remedy}")
        self.source = source
        self.key = key
        self.problem = problem
        self.remedy = remedy


class StartError(EilpostError):
    """The process cannot start for a reason outside its configuration (port in use, folder not writable).

    Said in one line; the process exits with 1 and has touched nothing.
    """
