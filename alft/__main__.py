"""``python -m alft``: see :mod:`alft.run.cli`."""

import sys

from alft.run.cli import main

if __name__ == "__main__":
    sys.exit(main())
