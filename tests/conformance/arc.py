"""The ARC validation suite: messages with their keys, and what the chain must be found to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.authentication.arc.chain import Chain, ChainVerifier
from shared.authentication.dkim.body import BodyHashes
from shared.authentication.dkim.header import HeaderFields
from shared.protocols.dns import NXDOMAIN, Answer, Question, Status
from tests.conformance.verdict import Verdict, absent

FILE = "arc-draft-validation-tests.yml"


def run(folder: Path) -> Verdict:
    """All tests of ``folder / "arc"``."""
    file = folder / "arc" / FILE
    if not file.is_file():
        return absent("arc", file)
    import yaml

    verdict = Verdict("arc")
    for scenario in yaml.safe_load_all(file.read_text()):
        keys = {str(name).rstrip("."): value for name, value in (scenario.get("txt-records") or {}).items()}
        for name, test in scenario["tests"].items():
            chain = validate(test["message"].replace("\n", "\r\n").encode(), keys)
            wanted = (test["cv"] or "fail").strip().lower()  # left open where a seal itself says "fail"
            if chain.status.value == wanted:
                verdict.passed.append(f"arc/{name}")
            else:
                verdict.failed.append((f"arc/{name}", f"{chain.status.value} ({chain.why}), not {wanted}"))
    return verdict


def validate(message: bytes, keys: dict[str, Any]) -> Chain:
    """What we find the chain to be."""
    header, _, body = message.partition(b"\r\n\r\n")
    hashes = BodyHashes()
    verifier = ChainVerifier(HeaderFields(header + b"\r\n"), hashes)
    hashes.feed(body)
    hashes.finish()
    inquiry = verifier.validate()
    try:
        question = next(inquiry)
        while True:
            question = inquiry.send(_answer(keys, question))
    except StopIteration as stop:
        chain: Chain = stop.value
        return chain


def _answer(keys: dict[str, Any], question: Question) -> Answer:
    text = keys.get(question.name)
    return NXDOMAIN if text is None else Answer(Status.FOUND, texts=("".join(text.split("\n")).encode(),))
