"""No script and no message makes the engine raise anything but its own error, or cost more than it may."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.mail.summary import summarise
from shared.sieve.cache import ScriptCache, script_hash
from shared.sieve.catalogue import REGISTRY
from shared.sieve.errors import LimitExceeded, SieveError
from shared.sieve.limits import DEFAULT, Limits
from shared.sieve.message import Envelope, Message
from shared.sieve.outcome import Keep
from shared.sieve.run import Context
from shared.sieve.script import compile_script
from tests.support.letters import ALMOST_LETTERS, LETTERS
from tests.support.sieve import compiled, outcome

_NAMES = [*REGISTRY.commands, *REGISTRY.tests, "if", "elsif", "else", "require", "nonsense"]
_TAGS = sorted(
    {tag.name for rows in (REGISTRY.commands, REGISTRY.tests) for row in rows.values() for tag in row.tags}
)
_WORDS = st.sampled_from(
    [
        *_NAMES,
        *[f":{name}" for name in [*_TAGS, *REGISTRY.match_types, "comparator"]],
        *[f'"{value}"' for value in ("", "a", "subject", "a@b.example", "*?", "${a}", "1", "gt", "+0100")],
        *["(", ")", "{", "}", "[", "]", ",", ";", "3", "1K", "/*", "#", "text:", "\n.\n"],
    ]
)
_ALL = "require [" + ", ".join(f'"{name}"' for name in REGISTRY.capabilities) + "];\n"


def _run(octets: bytes, letter: bytes) -> None:
    try:
        script = compile_script(octets, REGISTRY, traced=True)
    except SieveError:
        return
    context = Context(time.monotonic, user="bob@example.net")
    result = script.run(Message(letter), Envelope("a@b.example", "bob@example.net"), context, traced=True)
    assert result.steps <= DEFAULT.steps
    assert len(result.actions) <= DEFAULT.actions + 1
    if result.error is not None:
        assert result.actions == (Keep(implicit=True),)


@given(st.lists(_WORDS, max_size=30), LETTERS | ALMOST_LETTERS)
def test_words_of_the_language_in_any_order(words: list[str], letter: bytes) -> None:
    _run((_ALL + " ".join(words)).encode(), letter)


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    _run(octets, b"Subject: x\r\n\r\n")
    _run(_ALL.encode() + octets, b"Subject: x\r\n\r\n")


_TESTS = st.sampled_from(
    [
        'header :matches "subject" "*a*"',
        'address :contains ["from", "to", "cc"] "a"',
        'body :contains "a"',
        'body :content "" :contains "a"',
        'body :raw :regex "a+b"',
        'date "date" "year" "2025"',
        'header :index 1 :last "received" "x"',
        'hasflag "a"',
        'string :matches "${1}" "*?"',
        'envelope :detail "to" "a"',
        'header :mime :anychild :param "charset" :contains "content-type" "u"',
        'address :mime :anychild :domain "from" "a"',
        'exists :mime :anychild "a"',
        'duplicate :header "subject"',
        'spamtest :percent :value "ge" "10"',
    ]
)
_ACTIONS = st.sampled_from(
    [
        'addheader "X" "${0}";',
        'deleteheader :contains "subject" "a";',
        'set "a" "${a}${0}";',
        'fileinto "a${1}";',
        'addflag "a b";',
        'redirect "a@b.example";',
        "keep;",
        'foreverypart { if header :mime :anychild :type "content-type" "text" { replace "x"; } }',
        'foreverypart :name "l" { extracttext :first 9 "a"; foreverypart { break :name "l"; } }',
        'enclose :subject "${a}" :headers "from" "x";',
        'replace :mime :subject "${0}" "Content-Type: text/html\r\n\r\n${a}";',
        'vacation :mime :subject "${a}" "${1}";',
        'notify "mailto:a@b.example?subject=${1}";',
    ]
)


@given(st.lists(st.tuples(_TESTS, _ACTIONS), max_size=12), LETTERS | ALMOST_LETTERS)
def test_rules_on_any_letter(rules: list[tuple[str, str]], letter: bytes) -> None:
    _run((_ALL + "\n".join(f"if {test} {{ {action} }}" for test, action in rules)).encode(), letter)


def test_case_56_hostile_scripts() -> None:
    """Too large, too deep, too many redirects or steps: refused at upload, or kept with an error."""
    for script in (
        "#" * (1 << 20),
        "if " + "not " * 10_000 + "true {}",
        "if " + "allof(" * 10_000 + "true" + ")" * 10_000 + " {}",
        "if true {" * 10_000 + "}" * 10_000,
        "if header [" + '"a",' * 5_000 + '"a"] "b" {}',
    ):
        with pytest.raises(SieveError):
            compiled(script)
    redirects = "".join(f'redirect "a{number}@b.example";' for number in range(1_000))
    for script in (redirects, "if true {}" * 10_001):
        result = outcome(script)
        assert isinstance(result.error, LimitExceeded)
        assert result.actions == (Keep(implicit=True),)


def test_case_56_the_clock_stops_a_run() -> None:
    """The limit holds over the whole run and cannot be reset by its parts."""
    ticks = iter(range(1_000_000))
    context = Context(lambda: next(ticks) / 10)
    script = compiled("if true { if true {} }" * 3_000)
    result = script.run(Message(b"\r\n"), Envelope(), context)
    assert isinstance(result.error, LimitExceeded)
    assert result.steps < 1_000


def test_case_56_work_is_bounded_with_few_steps() -> None:
    """A thousand keys on a megabyte of header end by the account of characters."""
    keys = ", ".join(f'"key{number}"' for number in range(1_000))
    letter = b"".join(b"X: " + b"y" * 900 + b"\r\n" for _ in range(1_000)) + b"\r\n"
    script = f'if header :contains "x" [{keys}] {{ discard; }}' * 3
    began = time.process_time()
    result = outcome(script, letter)
    assert time.process_time() - began < 1.5
    assert isinstance(result.error, LimitExceeded)


def test_case_58_what_does_not_compile_is_an_error_each_time() -> None:
    """A script that does not compile is refused, from the cache too."""
    cache = ScriptCache(REGISTRY)
    for _ in range(2):
        with pytest.raises(SieveError) as caught:
            cache.add(b"keep;\n nonsense;")
        assert caught.value.place == (2, 2)
    with pytest.raises(SieveError):
        cache.find(script_hash(b"keep;\n nonsense;"))


def test_the_cache_keeps_what_was_used_last() -> None:
    cache = ScriptCache(REGISTRY, size=2)
    one = cache.add(b"keep;")
    cache.add(b"stop;")
    assert cache.add(b"keep;") is one
    cache.add(b"discard;")
    assert cache.find(script_hash(b"stop;")) is None
    assert cache.find(script_hash(b"keep;")) is one


def test_the_cache_is_bounded_by_the_text_of_its_scripts() -> None:
    cache = ScriptCache(REGISTRY, octets=3_000)
    texts = [f"#{number:999}\n".encode() for number in range(5)]
    for text in texts:
        cache.add(text)
    assert [cache.find(script_hash(text)) is not None for text in texts] == [False, False, False, True, True]
    large = b"#" + b"x" * 5_000
    assert cache.add(large) is cache.add(large)


def test_time_grows_with_the_letter_and_no_faster() -> None:
    script = compiled('require "body"; if anyof(body :contains "zz", header :matches "x" "*z*z*z") { discard; }')

    def seconds(size: int) -> float:
        letter = b"X: " + b"y" * size + b"\r\n\r\n" + b"word " * (size // 5)
        best = 9.0
        for _ in range(5):
            began = time.thread_time()
            script.run(Message(letter), Envelope(), Context(time.monotonic))
            best = min(best, time.thread_time() - began)
        return best

    assert seconds(1_600_000) < 12 * seconds(400_000)  # four times the letter; squared it would be sixteen


@pytest.mark.parametrize(
    "script",
    [
        'foreverypart { if header :mime :type "content-type" "text" { extracttext "a"; } }',
        'if header :mime :anychild :contains "content-type" "zz" { discard; }',
        'foreverypart { if header :mime :contenttype "content-type" "text/plain" { replace "x"; break; } }',
        'enclose :subject "x" "y";',
        'addheader "X" "y"; deleteheader "none"; if exists "none" { discard; }',
        'if body :content "text" :matches "*zz*yy*" { discard; }',
    ],
)
def test_time_grows_with_the_number_of_parts_and_no_faster(script: str) -> None:
    ready = compiled(_ALL + script)

    def seconds(parts: int) -> float:
        letter = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        letter += b"--b\r\nContent-Type: text/plain\r\n\r\nwords and words\r\n" * parts + b"--b--\r\n"
        table = summarise(letter).parts
        best = 9.0
        for _ in range(5):
            began = time.thread_time()
            ready.run(Message(letter, parts=table), Envelope(), Context(time.monotonic))
            best = min(best, time.thread_time() - began)
        return best

    assert seconds(1_200) < 12 * seconds(300) + 0.002


def test_limits_are_settings() -> None:
    assert compile_script(b"#" * 200_000, REGISTRY, Limits(script=300_000)) is not None
