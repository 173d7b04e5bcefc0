"""Options that several commands share."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from services.admin.asking import EX_DATAERR, EX_NOINPUT, EX_USAGE, fail

config = click.option(
    "--config", "-c", type=click.Path(path_type=Path), envvar="EILPOST_CONFIG", help="configuration file"
)


class Octets(click.ParamType[int]):
    """A size: octets, or with K, M, G or T behind."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value).strip().upper().removesuffix("B").removesuffix("I")
        power = "KMGT".find(text[-1:]) + 1 if text[-1:] else 0
        digits = text[:-1] if power else text
        if not (digits.isascii() and digits.isdigit()):
            self.fail(f"{value} is not a size like 500M or 2G", param, ctx)
        return int(digits) << 10 * power


as_json = click.option("--json", "as_json", is_flag=True, help="print JSON")
password_stdin = click.option("--password-stdin", is_flag=True, help="read the password from standard input")
password_file = click.option("--password-file", type=click.Path(path_type=Path), help="read the password from a file")


def read_password(*, from_stdin: bool, file: Path | None, address: str) -> str:
    """A password from where the caller said, else from a prompt; never from the arguments, which others can read."""
    if file is not None:
        try:
            text = file.read_text()
        except OSError as error:
            fail(f"{file}: {error.strerror}", EX_NOINPUT)
        except UnicodeDecodeError:
            fail(f"{file}: not UTF-8", EX_DATAERR)
    elif from_stdin:
        text = sys.stdin.readline()
    elif not sys.stdin.isatty():
        fail("nobody is there to be asked for a password; use --password-stdin or --password-file", EX_USAGE)
    else:
        text = str(click.prompt(f"Password for {address}", hide_input=True, confirmation_prompt=True))
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        fail("the password is empty", EX_DATAERR)
    return password
