"""Names of character sets, as strangers write them, to decoders: an allow-list.

Python's codec registry also holds compressors, punycode and escapes; a name out of a message never reaches it.
"""

from __future__ import annotations

_ISO_8859 = {f"iso-8859-{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12}
_WINDOWS = {
    f"{prefix}{page}": f"cp{page}" for page in range(1250, 1259) for prefix in ("windows-", "cp", "cp-", "x-cp")
}
_DOS = {f"{prefix}{page}": f"cp{page}" for page in (437, 850, 852, 855, 858, 866, 874) for prefix in ("cp", "ibm")}

_CODECS: dict[str, str] = {
    **_ISO_8859,
    **_WINDOWS,
    **_DOS,
    "us-ascii": "ascii",
    "ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-32": "utf-32",
    "latin1": "latin-1",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso8859-1": "latin-1",
    "iso8859-15": "iso8859-15",
    "windows-874": "cp874",
    "tis-620": "tis-620",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "gb2312": "gbk",
    "gbk": "gbk",
    "x-gbk": "gbk",
    "cp936": "gbk",
    "gb18030": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5",
    "big5-hkscs": "big5hkscs",
    "cp950": "cp950",
    "euc-jp": "euc-jp",
    "iso-2022-jp": "iso2022-jp",
    "iso-2022-jp-1": "iso2022-jp-1",
    "iso-2022-jp-2": "iso2022-jp-2",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "cp949": "cp949",
    "iso-2022-kr": "iso2022-kr",
    "johab": "johab",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
}


def known(charset: str) -> bool:
    """Whether text in ``charset`` can be read (IMAP ``BADCHARSET`` is the answer when not)."""
    return charset.lower() in _CODECS


def decode(octets: bytes, charset: str) -> str:
    """Text of ``octets``; what cannot be read becomes U+FFFD, NUL and lone surrogates never come out.

    Text of an unknown or wrongly named character set is taken for UTF-8 where it is that, else for Latin-1.
    """
    codec = _CODECS.get(charset.lower())
    if codec is None or codec == "ascii":
        return _guess(octets)
    try:
        text = octets.decode(codec, "replace")
    except (UnicodeError, LookupError):  # stateful Asian decoders raise on some broken escapes
        return _guess(octets)
    if "\0" in text:
        text = text.replace("\0", "")
    return text


def decode_strictly(octets: bytes, charset: str) -> str:
    """Text of ``octets`` in a `known` character set. Raises `UnicodeError` when they are no such text."""
    return octets.decode(_CODECS[charset.lower()])


def _guess(octets: bytes) -> str:
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    return text.replace("\0", "") if "\0" in text else text


def codecs() -> frozenset[str]:
    """All charset names that `known` knows, for tests and capability texts."""
    return frozenset(_CODECS)
