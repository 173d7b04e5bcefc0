"""Letters for tests: hypothesis strategies for well-formed mail, and for what is almost mail."""

from __future__ import annotations

from email.header import Header
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import SMTP

from hypothesis import strategies as st

_WORDS = st.text("abcdefgh äöü€", min_size=1, max_size=30)
_LINES = st.lists(st.text("abc -=<>.\t", max_size=60), max_size=8).map("\r\n".join)


def _leaf(text: str, kind: int) -> MIMENonMultipart:
    part = MIMENonMultipart(*(("text", "plain"), ("text", "html"), ("image", "png"))[kind % 3])
    part.set_payload(text)
    if kind % 2:
        part["Content-Disposition"] = f'attachment; filename="f{kind}.txt"'
    if kind % 5 == 0:
        part["Content-ID"] = f"<{kind}@example.org>"
    return part


def _multipart(parts: list[MIMENonMultipart], kind: int) -> MIMEMultipart:
    multipart = MIMEMultipart(("mixed", "alternative", "digest")[kind % 3])
    for part in parts:
        multipart.attach(part)
    multipart.preamble = "before\r\n" if kind % 2 else None
    multipart.epilogue = "after\r\n" if kind % 4 == 0 else None
    return multipart


def _message(part: MIMENonMultipart) -> MIMEMessage:
    inner = part
    inner["Subject"] = "inside"
    inner["From"] = "Inner Sender <inner@example.org>"
    return MIMEMessage(inner)


ENTITIES = st.recursive(
    st.builds(_leaf, _LINES, st.integers(0, 9)),
    lambda inner: (
        st.builds(_multipart, st.lists(inner, min_size=1, max_size=4), st.integers(0, 7)) | st.builds(_message, inner)
    ),
    max_leaves=12,
)


def _letter(entity: MIMENonMultipart, subject: str) -> bytes:
    letter = entity
    for name, value in (
        ("From", '"Ann, A." <ann@example.org>'),
        ("To", "Bob <bob@example.org>, carl@example.net"),
        ("Date", "Tue, 15 Jul 2025 09:30:00 +0200"),
        ("Message-ID", "<1@example.org>"),
    ):
        del letter[name]
        letter[name] = value
    del letter["Subject"]
    letter["Subject"] = Header(" ".join(subject.split()) or "none", "utf-8").encode()
    for number, part in enumerate(letter.walk()):
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            part.set_boundary(f"b{number}")
    return letter.as_bytes(policy=SMTP.clone(cte_type="8bit"))


LETTERS = st.builds(_letter, ENTITIES, _WORDS)
"""Complete, well-formed letters of any structure, lines ended by CRLF."""

_CRUMBS = st.sampled_from(
    [
        b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b", b"--b--", b"--", b"\n--b\r\n", b"\r\n--b--\r\n", b"\r\n--c\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: multipart/digest; boundary=c\r\n",
        b"Content-Type: message/rfc822\r\n", b"Content-Type: text/html; charset=utf-7\r\n",
        b"Content-Transfer-Encoding: base64\r\n", b"From: =?utf-8?b?w6Q=?= <a@b>, \"x\\", b"To: g: a@b, (c) d@e;\r\n",
        b"Subject: =?x?q?", b"?=", b" \tfold\r\n", b"\0", b"\xff\xe4", b"(", b"\"", b"<", b">", b"@", b";", b",",
        b"name*0*=utf-8''%e4; name*1=x", b"Date: 1 Jan 2020 00:00\r\n", b"a",
    ]
)  # fmt: skip
ALMOST_LETTERS = st.lists(_CRUMBS | st.binary(max_size=8), max_size=40).map(b"".join)
"""What is made of the pieces that mail is made of, in any order."""


def simple(body: str = "Hello\r\n", **headers: str) -> bytes:
    """A letter with these headers and one text."""
    message = EmailMessage(policy=SMTP)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    return message.as_bytes()
