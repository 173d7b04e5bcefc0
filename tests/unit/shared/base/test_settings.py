from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.base.errors import ConfigurationError
from shared.base.settings import check_sections, load


@dataclass(frozen=True)
class Inner:
    depth: int = 3


@dataclass(frozen=True)
class Route:
    domain: str
    port: int = 25


@dataclass(frozen=True)
class Settings:
    port: int = 143
    ratio: float = 0.5
    on: bool = True
    name: str = "x"
    folder: Path = Path("somewhere")
    key: Path | None = None
    names: tuple[str, ...] = ()
    inner: Inner = field(default_factory=Inner)
    routes: tuple[Route, ...] = ()

    def __post_init__(self) -> None:
        if self.port > 65535:
            raise ValueError("port is at most 65535")


@dataclass(frozen=True)
class Needed:
    secret: str


def toml(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "eilpost.toml"
    path.write_text(text)
    return path


def test_nothing_given_means_the_defaults() -> None:
    assert load("imap", Settings, None, {}) == Settings()


def test_the_file_sets_every_kind_of_field(tmp_path: Path) -> None:
    path = toml(
        tmp_path,
        """
        [imap]
        port = 1143
        ratio = 1
        on = false
        name = "ä"
        folder = "data"
        key = "/etc/key.pem"
        names = ["a", "b"]
        inner = { depth = 7 }
        [[imap.routes]]
        domain = "example.net"
        [[imap.routes]]
        domain = "example.org"
        port = 2525
        [smtp]
        port = "none of our business"
        """,
    )
    assert load("imap", Settings, path, {}) == Settings(
        port=1143,
        ratio=1.0,
        on=False,
        name="ä",
        folder=tmp_path / "data",
        key=Path("/etc/key.pem"),
        names=("a", "b"),
        inner=Inner(7),
        routes=(Route("example.net"), Route("example.org", 2525)),
    )


def test_the_environment_wins(tmp_path: Path) -> None:
    path = toml(tmp_path, "[imap]\nport = 1\ninner = { depth = 1 }")
    environ = {
        "EILPOST_IMAP__PORT": "2",
        "EILPOST_IMAP__ON": "no",
        "EILPOST_IMAP__NAMES": "a, b",
        "EILPOST_IMAP__INNER__DEPTH": "9",
        "EILPOST_LISTENERS": "imap=5",
        "EILPOST_IMAP_PORT": "tcp://10.0.0.1:143",  # as an orchestrator sets for a service of that name
    }
    assert load("imap", Settings, path, environ) == Settings(port=2, on=False, names=("a", "b"), inner=Inner(9))


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush \n")
    assert load("bus", Needed, None, {"EILPOST_BUS__SECRET_FILE": str(secret)}) == Needed("hush ")


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("[imap]\nprot = 1", "imap.prot", "no such setting"),
        ("[imap]\ninner = { deep = 1 }", "imap.inner.deep", "no such setting"),
        ("[imap]\ninner = 4", "imap.inner", "not a table"),
        ("imap = 4", "imap", "not a table"),
        ("[imap]\nport = '143'", "imap.port", "not an integer"),
        ("[imap]\nport = true", "imap.port", "not an integer"),
        ("[imap]\nport = 65536", "imap", "port is at most 65535"),
        ("[imap]\nnames = 'a'", "imap.names", "not a list"),
        ("[imap]\nnames = [1]", "imap.names", "not a text"),
        ("[imap]\n[[imap.routes]]\nport = 1", "imap.routes.0.domain", "missing"),
        ("[imap", "(file)", "not TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, key: str, problem: str) -> None:
    path = toml(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load("imap", Settings, path, {})
    assert caught.value.source == str(path)
    assert caught.value.key == key
    assert problem in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("EILPOST_IMAP__PORT", "many"),
        ("EILPOST_IMAP__ON", "perhaps"),
        ("EILPOST_IMAP__PROT", "1"),
        ("EILPOST_IMAP__ROUTES", "x"),
        ("EILPOST_IMAP__NAME_FILE", "/does/not/exist"),
    ],
)
def test_a_mistake_in_the_environment_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load("imap", Settings, None, {variable: value})
    assert caught.value.source == variable


def test_a_missing_file_and_a_missing_value_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--config"):
        load("imap", Settings, tmp_path / "none.toml", {})
    with pytest.raises(ConfigurationError, match="EILPOST_BUS__SECRET"):
        load("bus", Needed, None, {})


def test_sections_that_nobody_reads_are_refused(tmp_path: Path) -> None:
    path = toml(tmp_path, "[imapp]\nport = 1")
    with pytest.raises(ConfigurationError, match="imapp"):
        check_sections({"imap"}, path, {})
    with pytest.raises(ConfigurationError, match="EILPOST_IMAPP__PORT"):
        check_sections({"imap"}, None, {"EILPOST_IMAPP__PORT": "1"})
    check_sections({"imap"}, None, {"EILPOST_IMAP__PORT": "1", "EILPOST_IMAP_PORT": "2", "OTHER__X": "3"})


@pytest.mark.parametrize("environ", [{}, {"EILPOST_IMAP__RATIO": "nan"}])
def test_nan_is_no_number(tmp_path: Path, environ: dict[str, str]) -> None:
    path = toml(tmp_path, "[imap]\nratio = " + ("0.5" if environ else "nan"))
    with pytest.raises(ConfigurationError, match="ratio"):
        load("imap", Settings, path, environ)
