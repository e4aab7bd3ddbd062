"""``python -m alft demo``: a small data set to try alft with."""

from pathlib import Path

from alft.cli.parser import SentenceParser
from alft.data.demo import write_demo


def run(parser: SentenceParser, args: list[str]) -> None:
    """Write the demo texts."""
    parser.add_argument("folder", type=str, help="Where to write train.csv, validation.csv and test.csv.")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the generator.")
    settings = parser.parse_args(args)
    paths = write_demo(Path(settings.folder), settings.seed)
    print("demo texts:", ", ".join(str(path) for path in paths))
