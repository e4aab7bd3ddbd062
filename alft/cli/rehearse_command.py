"""``python -m alft rehearse``: rounds of labelling out of a file with labels, before people are paid."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alft.cli.grid_command import run_folders
from alft.cli.parser import SentenceParser, setting_names
from alft.cli.presets import config_values
from alft.cli.settings_service import SettingsService
from alft.grid.cell_folder import CellFolder
from alft.grid.policies import NamedPolicy, read_policies
from alft.grid.rehearsal import Rehearsal, refuse_determined, refuse_idle_drop, refuse_ours, refuse_unfit, root_name
from alft.report import as_rehearsal, budgets, compare
from alft.system.signals import Stopped
from alft.system.terminal import show

RANDOM: dict[str, Any] = {"acquire": {"class_path": "Random"}}


def run(parser: SentenceParser, args: list[str]) -> None:
    """Rehearse, then tell what each policy would have saved."""
    _add_arguments(parser)
    ours, of_fit = _divided(args, setting_names(parser))
    given = parser.parse_args(ours)
    refuse_determined(of_fit)
    _refuse_small(given)
    policies = _policies(given)
    with SettingsService() as service:
        settings = service.settings_of(of_fit, check=True)
        refuse_unfit(settings)
        people = {name: value for name in ("noise", "skip") if (value := given[name]) is not None}
        epochs = settings["trainer"]["max_epochs"]
        rehearsal = Rehearsal(tuple(of_fit), given.rounds, given.count, epochs, tuple(policies), given.seeds, people)
        _refuse_policies(rehearsal, service)
        sizes = service.sizes_of(of_fit)
    _refuse_data(rehearsal, sizes)
    configs = [value for value in config_values(of_fit) if value is not None]
    root = Path(given.root).expanduser() if given.root else Path("runs", root_name(configs))
    show(*rehearsal.described(**sizes))
    _run(rehearsal, root, given.jobs)


def _add_arguments(parser: SentenceParser) -> None:
    parser.usage = "python -m alft rehearse --config FILE --rounds N --count N [--SETTING_OF_FIT VALUE ...]"
    parser.description = (
        f"{parser.description} All other arguments are settings of fit, which every run has; trainer.max_epochs is the number "
        "of epochs that each round trains, from the pretrained weights. Acquisition and budget of the config are not used."
    )
    parser.add_argument("--rounds", type=int, required=True, help="Rounds of labelling, at least 2.")
    parser.add_argument("--count", type=int, required=True, help="Texts asked in each round.")
    parser.add_argument(
        "--policies",
        type=str,
        nargs="+",
        default=[],
        help="What chooses the texts: values of active.acquire, also as a call, or YAML files that map names to settings of "
        "active. By default Entropy, Margin, TypiClust, and TypiClust in the first round with Margin from the second on; "
        "Random is always there.",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=5,
        help="Runs of each policy, with the seeds 0, 1, ...; from 3 on there is an interval.",
    )
    parser.add_argument("--noise", type=float | None, help="Share of wrong answers, as data.noise.")
    parser.add_argument("--skip", type=float | None, help="Share of texts asked that get no answer, as data.skip.")
    parser.add_argument("--jobs", type=int, default=1, help="Runs at a time; the processor's cores are shared among them.")
    parser.add_argument("--root", type=str | None, help="Folder for the runs; by default runs/rehearse- and the config's name.")


def _divided(args: Iterable[str], names: set[str]) -> tuple[list[str], list[str]]:
    """Arguments of this command, and those of fit.

    >>> _divided(["--rounds", "8", "-c", "a.yaml", "--model.lr=1e-3", "--policies", "Margin", "Badge"], {"rounds", "policies"})
    (['--rounds', '8', '--policies', 'Margin', 'Badge'], ['-c', 'a.yaml', '--model.lr=1e-3'])
    """
    ours: list[str] = []
    of_fit: list[str] = []
    place = ours
    for arg in args:
        if arg.startswith("--") or arg in ("-h", "-c"):
            place = ours if arg.split("=")[0].removeprefix("--") in {*names, "help", "-h"} else of_fit
        place.append(arg)
    return ours, of_fit


def _refuse_small(given: Any) -> None:
    for name, least in {"rounds": 2, "count": 1, "seeds": 1, "jobs": 1}.items():
        if given[name] < least:
            raise ValueError(f"{name} must be at least {least}, got {given[name]}")


def _policies(given: Any) -> list[NamedPolicy]:
    covered_first = f"Switch(first=TypiClust, then=Margin, at={given.count})"
    policies = read_policies(given.policies or ["Random", "Entropy", "Margin", "TypiClust", covered_first])
    refuse_ours(policies)
    return policies if any(policy.settings == RANDOM for policy in policies) else [NamedPolicy("Random", RANDOM), *policies]


def _refuse_policies(rehearsal: Rehearsal, service: SettingsService) -> None:
    """Refuse a policy that could not do what it says, and two that differ in how they are written alone."""
    known: list[tuple[str, Any]] = []
    for policy in rehearsal.policies:
        active = service.settings_of(rehearsal.of_policy(policy, 0).arguments, check=True)["active"]
        refuse_idle_drop(policy, active, rehearsal.epochs)
        for name, other in known:
            if active == other:
                raise ValueError(f"policies: {policy.name} and {name} are the same settings; leave one of them out")
        known.append((policy.name, active))


def _refuse_data(rehearsal: Rehearsal, sizes: dict[str, int]) -> None:
    asked = rehearsal.rounds * rehearsal.count
    if not sizes["test"]:
        raise ValueError("data.source has no test set, and a rehearsal is measured on one; add a file of labelled texts")
    if asked > sizes["pool"]:
        raise ValueError(
            f"rounds x count must be at most the {sizes['pool']} labelled texts of the pool, got {rehearsal.rounds} x "
            f"{rehearsal.count} = {asked}"
        )


def _run(rehearsal: Rehearsal, root: Path, jobs: int) -> None:
    """Run what has not finished, without keeping models, and show the result."""
    folders = [CellFolder(cell, root / cell.name) for cell in rehearsal.cells]
    try:
        run_folders("rehearsal", root, folders, jobs, drop_checkpoints=True)
    except Stopped as stop:
        stop.add_note("what was begun goes on when the same command is given again")
        raise
    if all(folder.finished for folder in folders):
        paths = [folder.path for folder in folders]
        columns = shutil.get_terminal_size((128, 24)).columns
        print(f"\n{as_rehearsal(compare(*paths), budgets(*paths), columns)}", end="")
