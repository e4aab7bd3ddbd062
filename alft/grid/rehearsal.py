"""The runs of a rehearsal: ordinary fits whose settings follow from rounds, count, policies and seeds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from alft.grid.policies import NamedPolicy
from alft.grid.sweep_file import Cell

ALL_LABELS = "all labels"

OURS = (
    *("enabled", "replay", "mode", "budget", "max_unique", "warm_start"),
    *("every_n_epochs", "restart", "refit", "stop", "seed", "unit"),
)
"""Settings ``active.*`` that the rounds determine."""

DETERMINED = (
    *(f"active.{name}" for name in ("acquire", *OURS)),
    *("arm", "seed_everything", "ckpt_path", "test_on", "data.test_each_set", "trainer.default_root_dir"),
)
"""Settings of ``fit`` that each run of a rehearsal has from it."""


@dataclass(frozen=True)
class Rehearsal:
    """What is rehearsed.

    Attributes:
        arguments: Arguments of ``fit`` that all runs share, as typed.
        rounds: Number of rounds, at least 2.
        count: Texts asked in each, at least 1.
        epochs: Epochs that each round trains, from the pretrained weights: ``trainer.max_epochs``.
        policies: What chooses the texts.
        seeds: Number of seeds, from 0.
        people: Shares ``noise`` and ``skip`` that were typed.
    """

    arguments: tuple[str, ...]
    rounds: int
    count: int
    epochs: int
    policies: tuple[NamedPolicy, ...]
    seeds: int
    people: Mapping[str, float]

    @property
    def cells(self) -> list[Cell]:
        """The runs, seed by seed, so that those that have ended can be compared: all labels, then each policy."""
        return [cell for seed in range(self.seeds) for cell in (self.all_labels(seed), *map(self._of(seed), self.policies))]

    def all_labels(self, seed: int) -> Cell:
        """The run with all labels: what a round costs and gives that asks for everything."""
        own = ["--active.enabled=false", f"--trainer.max_epochs={self.epochs}"]
        return self._cell(ALL_LABELS, own, seed)

    def of_policy(self, policy: NamedPolicy, seed: int) -> Cell:
        """The run of a policy."""
        budget = {"class_path": "Labels", "init_args": {"counts": [self.count] * self.rounds}}
        own = {
            **{"active.enabled": "true", "active.replay": "null", "active.mode": "accumulate"},
            **{"active.budget": json.dumps(budget), "active.max_unique": "null", "active.warm_start": "0"},
            "active.unit": "rows",
            **{"active.every_n_epochs": self.epochs, "active.restart": "each_set", "active.refit": 0, "active.stop": "null"},
            **{"data.test_each_set": "true", "trainer.max_epochs": self.epochs * self.rounds},
        }
        return self._cell(policy.name, [*policy.arguments, *(f"--{name}={value}" for name, value in own.items())], seed)

    @property
    def texts(self) -> int:
        """Texts that the runs of the policies train on in all, epochs counted."""
        return self.seeds * len(self.policies) * self.epochs * self.count * self.rounds * (self.rounds + 1) // 2

    def described(self, pool: int, test: int) -> list[str]:
        """Sentences about what is going to be run; no time, which nobody knows before a run has ended.

        Args:
            pool: Labelled texts of the pool.
            test: Texts of the test set.
        """
        policies, seeds, passes = len(self.policies), self.seeds, len(self.policies) * self.seeds * self.rounds
        texts = self.texts + seeds * self.epochs * pool
        return [
            f"rehearsal: {_many(policies, 'policy')} x {_many(seeds, 'seed')}, {self.rounds} rounds of {self.count} texts out "
            f"of {pool}, each trained {_many(self.epochs, 'epoch')} from the pretrained weights; and {_many(seeds, 'run')} "
            f"with all {pool} labels",
            f"work: {_many(seeds * (policies + 1), 'run')} that train on {texts:,} texts in all, each counted once an epoch; "
            f"at most {passes} passes over the pool to choose from it, and {passes} over the {test} texts of the test set",
        ]

    def _of(self, seed: int) -> Any:
        return lambda policy: self.of_policy(policy, seed)

    def _cell(self, name: str, own: Sequence[str], seed: int) -> Cell:
        people = [f"--data.{share}={value}" for share, value in self.people.items()]
        last = [*people, "--test_on=last", f"--seed_everything={seed}"]
        # Controls are about single runs; whoever wants them says so.
        return Cell(("--controls=none", *self.arguments, *own, *last), (("policy", name), ("seed", str(seed))))


def refuse_determined(arguments: Sequence[str]) -> None:
    """Refuse settings of ``fit`` that were typed and would have no effect.

    Raises:
        ValueError: The message names the first.
    """
    for argument in arguments:
        name = argument.split("=")[0].removesuffix("+")
        if any(name == f"--{setting}" or name.startswith(f"--{setting}.") for setting in DETERMINED):
            raise ValueError(f"{name} is determined by a rehearsal, and typed it would have no effect; leave it out")


def refuse_ours(policies: Sequence[NamedPolicy]) -> None:
    """Refuse policies that set what the rounds determine.

    Raises:
        ValueError: The message names the policy and the setting.
    """
    for policy in policies:
        for name in policy.settings:
            if name in OURS:
                raise ValueError(f"policies: {policy.name} sets active.{name}, which the rounds of a rehearsal determine")


def refuse_idle_drop(policy: NamedPolicy, active: Mapping[str, Any], epochs: int) -> None:
    """Refuse a policy that would leave out rows after as many epochs as a round trains, since each round begins anew.

    Raises:
        ValueError: The message names the policy.
    """
    drop = active["drop_unlearned"]
    if drop is not None and drop >= epochs:
        raise ValueError(
            f"active.drop_unlearned must be below trainer.max_epochs={epochs} in a rehearsal, each of whose rounds begins from "
            f"the pretrained weights, got {drop} ({policy.name}); take a lower number, more epochs, or null"
        )


def refuse_unfit(settings: Mapping[str, Any]) -> None:
    """Refuse settings of ``fit`` with which not all rounds would be trained, or that every run would write to one place.

    Raises:
        ValueError: The message names the setting.
    """
    callbacks = settings["trainer"]["callbacks"] or []
    for callback in callbacks if isinstance(callbacks, list) else [callbacks]:
        kind = str(callback["class_path"]).rpartition(".")[2]
        if kind == "EarlyStopping":
            raise ValueError("trainer.callbacks: EarlyStopping would end a rehearsal before its last round; leave it out")
    if settings["export"] is not None:
        raise ValueError(f"export: every run of a rehearsal would write {settings['export']}; leave it out")


def root_name(configs: Sequence[str]) -> str:
    """Folder of a rehearsal's runs below ``runs``, by its first config."""
    return f"rehearse-{PurePath(configs[0].removeprefix('preset:')).stem}" if configs else "rehearse"


def _many(number: int, word: str) -> str:
    plural = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    return f"{number} {word if number == 1 else plural}"
