"""Reads JSON: one object per line, an array of objects, or one object that holds columns or records."""

import json
import re
from collections.abc import Sequence
from typing import Any

from alft.data.readers.encoding import decode
from alft.data.readers.table import Table
from alft.system.excerpt import listed

Record = dict[str, Any]

NON_SPACE = re.compile(r"\S")

WORDS, TAGS = ("tokens", "words"), ("tags", "ner_tags")
"""Names of columns of lists."""

MEND = "write one object per line, in pandas with to_json(PATH, orient='records', lines=True)"


def read_json(content: bytes, known: Sequence[str]) -> Table:
    """Read JSON or JSONL; a key that is missing in a row is None there.

    Args:
        content: Content of the file.
        known: Names of columns in lower case, which tell columns from row numbers in an object of objects.

    Raises:
        ValueError: It is not valid or holds no rows with columns; the message gives the line or the entry.
    """
    text, _ = decode(content)
    lines: list[int] = []
    start = NON_SPACE.search(text)
    if start is not None and start[0] == "[":
        records = _array(_loads_whole(text), "entry")
    elif (whole := _single_object(text)) is not None:
        records = _records_of(whole, known)
    else:
        records = _objects(text, lines)
    names = dict.fromkeys(name for record in records for name in record)
    return Table({name: [record.get(name) for record in records] for name in names}, lines=lines)


def _single_object(text: str) -> Record | None:
    """The object if the file holds only one, on one line or several; None if each line holds one."""
    start = NON_SPACE.search(text)
    if start is None or start[0] != "{":
        return None
    end = text.find("\n", start.start())
    if end >= 0 and NON_SPACE.search(text, end) and _is_object(text[start.start() : end]):
        return None
    try:
        whole = _loads(text)
    except (ValueError, RecursionError):
        return None  # reading line by line finds the place of the error
    return whole if isinstance(whole, dict) else None


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _records_of(whole: Record, known: Sequence[str]) -> list[Record]:
    """Records of one object, in the forms that pandas and annotation tools write, as far as they are unambiguous."""
    values = list(whole.values())
    if isinstance(whole.get("columns"), list) and isinstance(whole.get("data"), list):  # pandas, orient="split"
        return _rows_under(whole["columns"], whole["data"])
    if values and all(isinstance(value, dict) for value in values):
        return _of_objects(whole, known)
    if _is_sentence(whole):
        return [whole]
    if values and all(isinstance(value, list) for value in values) and not any(map(_is_records, values)):
        return _of_columns(whole, [len(value) for value in values])
    nested = [name for name, value in whole.items() if isinstance(value, dict | list)]
    if not nested or any(name.lower() in known and name not in nested for name in whole):
        return [whole]  # a file of one row
    tables = [name for name in nested if isinstance(whole[name], list) and _is_records(whole[name])]
    if len(tables) == 1:
        return _array(whole[tables[0]], f"entry of {tables[0]!r}")
    raise ValueError(f"is one object with the keys {listed(list(whole))}, not rows; {MEND}")


def _is_sentence(whole: Record) -> bool:
    """Whether it is a row of words with their tags, not two columns of lists."""
    words: list[Any] = next((whole[name] for name in WORDS if isinstance(whole.get(name), list)), [])
    return any(name in whole for name in TAGS) and any(not isinstance(word, list) for word in words)


def _is_records(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(entry, dict) for entry in value)


def _rows_under(names: list[Any], rows: list[Any]) -> list[Record]:
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            raise ValueError(f"cannot be read: row {number} of 'data' has not one cell for each of the 'columns'; {MEND}")
    return [dict(zip(map(str, names), row, strict=True)) for row in rows]


def _of_objects(whole: dict[str, Record], known: Sequence[str]) -> list[Record]:
    """An object of columns keyed by row number, or of rows keyed by number: the well-known names tell which."""
    outer = any(name.lower() in known for name in whole)
    inner = any(name.lower() in known for entry in whole.values() for name in entry)
    keys = [list(entry) for entry in whole.values()]
    if inner and not outer:
        return list(whole.values())
    if outer and not inner and all(key == keys[0] for key in keys):
        return _of_columns({name: list(entry.values()) for name, entry in whole.items()}, [len(key) for key in keys])
    raise ValueError(f"is one object of objects with the keys {listed(list(whole))}, not rows; {MEND}")


def _of_columns(columns: dict[str, list[Any]], lengths: list[int]) -> list[Record]:
    if len(set(lengths)) > 1:
        raise ValueError(f"has columns of different lengths, {listed(lengths)}; {MEND}")
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _loads_whole(text: str) -> Any:
    try:
        return _loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from error


def _array(entries: list[Any], what: str) -> list[Record]:
    for number, record in enumerate(entries, start=1):
        if not isinstance(record, dict):
            raise ValueError(f"cannot be read: {what} {number} is no object with columns; {MEND}")
    return entries


def _objects(text: str, lines: list[int]) -> list[Record]:
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = _loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"cannot be read: line {number} is not valid JSON ({error}); {MEND}") from error
        if not isinstance(record, dict):
            raise ValueError(f"cannot be read: line {number} is no object with columns; {MEND}")
        records.append(record)
        lines.append(number)
    return records


def _loads(text: str) -> Any:
    value = json.loads(text)
    if "\\u" in text:  # half of a surrogate pair can be escaped, but it is not valid text
        json.dumps(value, ensure_ascii=False).encode()
    return value
