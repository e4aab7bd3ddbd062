"""Reads Parquet files, with the class names that the Hugging Face library saves in them."""

from collections.abc import Sequence
from pathlib import Path

import datasets
import pyarrow as pa

from alft.data.readers.table import Table, from_dataset
from alft.system.excerpt import first_line
from alft.system.parquet_file import read_table


def read_parquet(paths: Sequence[Path]) -> Table:
    """Read one file, or the parts of one split.

    Raises:
        ValueError: They cannot be read.
    """
    try:
        tables = [_plain(read_table(path)) for path in paths]
        return from_dataset(datasets.concatenate_datasets([datasets.Dataset(table) for table in tables]), place="")
    except (ValueError, OSError, TypeError, pa.ArrowException) as error:
        raise ValueError(f"cannot be read: {first_line(error)}") from error


def _plain(table: pa.Table) -> pa.Table:
    """The table without dictionary-encoded columns, which pandas writes for categories: their cells are ordinary values."""
    for number, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            decoded = table.column(number).cast(column.type.value_type)
            table = table.set_column(number, column.with_type(column.type.value_type), decoded)
    return table
