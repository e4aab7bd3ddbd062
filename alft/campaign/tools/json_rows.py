"""Reads the JSON and JSONL files of annotation tools as a list of objects."""

import json
from typing import Any

from alft.data.readers.encoding import decode
from alft.data.readers.json_records import read_json

Row = dict[str, Any]

BEGINNINGS = (b"[", b"{", b"\xef\xbb\xbf[", b"\xef\xbb\xbf{", b"\xff\xfe", b"\xfe\xff")


def rows_of(content: bytes) -> list[Row]:
    """The objects of an array, or one object a line.

    Raises:
        ValueError: The file is not of this kind; the message gives the line or the entry.
    """
    text = decode(content)[0].strip()
    if text[:1] not in ("[", "{"):
        raise ValueError("is no JSON: it begins with neither [ nor {")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        table = read_json(content, ())  # one object a line, or the place of the error
        return [_row(table.columns, number) for number in range(len(table))]
    rows = whole if isinstance(whole, list) else [whole]
    wrong = next((number for number, row in enumerate(rows, start=1) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise ValueError(f"cannot be read: entry {wrong} is no object")
    return rows


def rows_if_any(content: bytes) -> list[Row]:
    """The objects of a file; none if it is of another kind."""
    try:
        return rows_of(content) if content.lstrip().startswith(BEGINNINGS) else []
    except (ValueError, RecursionError):
        return []


def json_lines(rows: list[Row]) -> bytes:
    """One object a line, in UTF-8."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8", errors="replace")


def dictionary(value: Any) -> Row:
    """The value if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[Any]:
    """The value if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def _row(columns: Any, number: int) -> Row:
    """One object without the keys that only other lines have."""
    return {name: cells[number] for name, cells in columns.items() if cells[number] is not None}
