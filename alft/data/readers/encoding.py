"""Decodes the bytes of a text file: by its byte order mark, else as UTF-8."""

import codecs

from charset_normalizer import from_bytes

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark is the beginning of this one
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

SAMPLE = 20_000
"""Bytes from which an unknown encoding is guessed."""

GUESSES = 3
"""Encodings named in a message: old encodings of one byte differ in few letters, and no guess is certain."""


def decode(content: bytes) -> tuple[str, str]:
    """Decode a text file.

    Returns:
        The text without its byte order mark, and the name of the codec.

    Raises:
        ValueError: The bytes are not valid; the message gives the line, probable encodings and the conversion.
    """
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        if encoding != "utf-8":
            raise ValueError(f"begins with the mark of {encoding.upper()} but is damaged (line {line})") from error
        raise ValueError(f"is not valid UTF-8 (line {line}); {_mend(content)}") from error
    beginning = content[:SAMPLE]
    if encoding == "utf-8" and beginning.count(0) > len(beginning) / 4:  # every second byte of English in UTF-16
        raise ValueError("is UTF-16 without a byte order mark; save it as UTF-8, for example with iconv -f utf-16 -t utf-8")
    return text, encoding


def _mend(content: bytes) -> str:
    guesses = [match.encoding for match in from_bytes(content[:SAMPLE])][:GUESSES]
    if not guesses:
        return "save it as UTF-8"
    return f"save it as UTF-8, for example with iconv -f {guesses[0]} -t utf-8 OLD > NEW (it may be {' or '.join(guesses)})"
