"""extracttext: RFC 5703 section 7."""

from __future__ import annotations

import pytest

from shared.sieve.errors import InvalidScript
from shared.sieve.outcome import FileInto
from tests.support.sieve import actions, compiled

REQUIRE = 'require ["foreverypart", "mime", "extracttext", "variables", "fileinto"];'
LETTER = (
    b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    b"--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=FC=DFe an alle\r\n--a\r\nContent-Type: image/png\r\n\r\nxx\r\n--a--\r\n"
)


def extracted(extract: str, kind: str = "text") -> str:
    script = f'foreverypart {{ if header :mime :type "content-type" "{kind}" {{ {extract} }} }} fileinto "[${{v}}]";'
    (filed,) = actions(f"{REQUIRE} {script}", LETTER)
    assert isinstance(filed, FileInto)
    return filed.mailbox[1:-1].strip()


def test_the_text_is_decoded() -> None:
    assert extracted('extracttext "v";') == "Gr\u00fc\u00dfe an alle"


def test_first_takes_so_many_characters() -> None:
    assert extracted('extracttext :first 5 "v";') == "Gr\u00fc\u00dfe"


def test_modifiers_apply_as_with_set() -> None:
    assert extracted('extracttext :first 5 :upper "v";') == "GR\u00dcSSE"
    assert extracted('extracttext :length "v";') == str(len("Gr\u00fc\u00dfe an alle"))


def test_what_is_no_text_leaves_an_empty_string() -> None:
    assert extracted('set "v" "old"; extracttext "v";', "image") == ""


@pytest.mark.parametrize(
    "script",
    [
        f'{REQUIRE} extracttext "v";',
        'require ["foreverypart", "extracttext"]; foreverypart { extracttext "v"; }',
        f'{REQUIRE} foreverypart {{ extracttext "no name"; }}',
        f'{REQUIRE} foreverypart {{ extracttext :lower :upper "v"; }}',
    ],
)
def test_it_stands_in_a_loop_and_names_a_variable(script: str) -> None:
    with pytest.raises(InvalidScript):
        compiled(script)
