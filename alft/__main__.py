"""``python -m alft``: see :mod:`alft.cli.main`."""

import sys

from alft.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
