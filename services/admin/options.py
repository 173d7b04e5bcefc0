"""Options that several commands share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.admin.asking import EX_DATAERR, fail

Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="configuration file", envvar="EILPOST_CONFIG", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="read the password from standard input")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="read the password from a file", show_default=False)
]


def read_password(*, from_stdin: bool, file: Path | None, address: str) -> str:
    """A password from where the caller said, else from a prompt; never from the arguments, which others can read."""
    if file is not None:
        try:
            text = file.read_text()
        except OSError as error:
            fail(f"{file}: {error.strerror}", EX_DATAERR)
    elif from_stdin:
        text = sys.stdin.readline()
    else:
        text = typer.prompt(f"Password for {address}", hide_input=True, confirmation_prompt=True)
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        fail("the password is empty", EX_DATAERR)
    return password
