"""Reads Parquet without the threads of pyarrow.

Beside torch and datasets, a process that ends soon after they were started aborts at its exit, in half of the tries ("terminate
called without an active exception", pyarrow 26): a command that refuses something would not end with its own code.
"""

from pathlib import Path
from typing import Any

import pyarrow.parquet


def read_table(source: Path | Any) -> Any:
    """The table in a file, or in a buffer of pyarrow."""
    with pyarrow.parquet.ParquetFile(source, pre_buffer=False) as file:
        return file.read(use_threads=False)
