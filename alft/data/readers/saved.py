"""Reads folders written by ``save_to_disk`` of the Hugging Face library."""

from pathlib import Path

import datasets
import pyarrow as pa

from alft.data.readers.table import Table, from_dataset
from alft.system.excerpt import first_line

STATE, SPLITS = "state.json", "dataset_dict.json"
"""Files that mark a saved data set, and a saved dictionary of splits."""


def is_saved(folder: Path) -> bool:
    """Whether a folder was written by ``save_to_disk``."""
    return (folder / STATE).is_file() or (folder / SPLITS).is_file()


def read_saved(folder: Path) -> dict[str, Table]:
    """The splits of a saved folder by name; a data set without splits has the name ``all``.

    Raises:
        ValueError: The folder is damaged.
    """
    try:
        loaded = datasets.load_from_disk(str(folder))
    except (ValueError, OSError, KeyError, TypeError, pa.ArrowException) as error:
        raise ValueError(f"cannot be read as a saved data set: {first_line(error)}") from error
    splits = loaded if isinstance(loaded, datasets.DatasetDict) else {"all": loaded}
    return {str(name): from_dataset(split, f"{folder} ({name})") for name, split in splits.items()}
