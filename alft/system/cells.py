"""What a cell of a table may be: the rule shared by texts and labels, whatever file the table came from."""

import math
from datetime import date
from decimal import Decimal
from typing import Any

SCALARS = (str, bool, int, float, Decimal, date)
"""Types that are written as they are; lists, objects and bytes are none."""


def is_missing(cell: Any) -> bool:
    """Whether a cell is empty: None, or NaN, which some readers use for missing numbers.

    >>> [is_missing(cell) for cell in (None, float("nan"), "", 0)]
    [True, True, False, False]
    """
    return cell is None or (isinstance(cell, float | Decimal) and math.isnan(cell))
