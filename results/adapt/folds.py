"""What adapt does to a classifier, for docs/adapt.md: macro-F1 on each fold with the encoder as it was and as adapted.

python results/adapt/folds.py
"""

import json
import re
from pathlib import Path
from statistics import mean

RUNS = Path(__file__).parent / "runs"


def read(runs: Path) -> dict[str, dict[int, float]]:
    """Macro-F1 by encoder and fold."""
    found: dict[str, dict[int, float]] = {}
    for path in sorted(runs.glob("*/*/version_*/summary.json")):
        summary = json.loads(path.read_text(encoding="utf-8"))
        (encoder,) = re.findall(
            r"model\.backbone=(?:\S+/)?(\S+)", (path.parents[2] / "command.txt").read_text(encoding="utf-8")
        )
        found.setdefault(encoder, {})[summary["fold"]["fold"]] = summary["test"]["f1_macro"]
    return found


def table() -> str:
    """Markdown: a line for each encoder."""
    found = read(RUNS)
    folds = sorted({fold for scores in found.values() for fold in scores})
    lines = [f"| encoder | {' | '.join(f'fold {fold}' for fold in folds)} | mean |", f"|---|{'---|' * (len(folds) + 1)}"]
    for encoder, scores in sorted(found.items(), reverse=True):
        cells = [f"{scores[fold]:.3f}" for fold in folds]
        lines.append(f"| {encoder} | {' | '.join(cells)} | {mean(scores.values()):.3f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
