"""Which policy chooses the texts of a campaign's next round, and which model it asks."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace

from alft.campaign.asking import Chooser
from alft.campaign.choosing import Choice, standings
from alft.campaign.counting import Count, Rule, count_of, in_labels
from alft.campaign.fits import Fit, newest_fit
from alft.campaign.folder import SETTINGS, Campaign
from alft.campaign.progress import by_class, is_warm, train_labels
from alft.campaign.scores import Eye, scores_for
from alft.cli.campaign_suggestions import outputs_of
from alft.cli.fit_parser import FitParser
from alft.cli.run_settings import KNOWN, named_classes
from alft.data.tokens import load_tokenizer
from alft.models.classifier import Classifier
from alft.record.checkpoints import read_checkpoint, reading_of
from alft.record.config_file import read_config
from alft.selection.budget import Full
from alft.selection.ledger import Selection
from alft.selection.policy import Policy
from alft.system.excerpt import excerpt, first_line, listed
from alft.system.run_files import CONFIG, run_of
from alft.use.restore import load_classifier

OF_ROUNDS = ("budget", "max_unique")
"""Settings of a typed config that count before there is a model, too."""


@dataclass(frozen=True)
class Plan:
    """How the next round is chosen: the choice, what chooses, a sentence about it, and the rule that gave the number."""

    choice: Choice
    chooser: Chooser
    told: str
    count: Count


def plan_round(campaign: Campaign, given: Namespace) -> Plan:
    """The plan of the next round: by coverage at first, then by the newest finished fit.

    Args:
        campaign: The campaign.
        given: Arguments of ``ask``.

    Raises:
        ValueError: The fit, its checkpoint or its settings cannot be used.
    """
    path, settings, told = _origin(campaign, given)
    typed = None if given.config is None else _typed(given.config)
    model: Callable[[], Eye | None]
    if path is None:
        settings = {"acquire": campaign.settings.cold_start, **_coverage(campaign)}
        _refuse_foreign(settings, campaign.folder / SETTINGS)
        settings |= {name: value for name, value in _active(typed or {}).items() if name in OF_ROUNDS}
        model = partial(_pretrained, campaign, given)
    else:
        if typed is None:
            _refuse_foreign(settings, path)
        else:
            settings = _active(typed)
        model = partial(_trained, campaign, path, given)
    policy = _policy(settings | {"seed": campaign.settings.seed})
    number, standing = campaign.state.newest_round + 1, standings(campaign)
    asked = int(standing.taken_N.sum())
    count = count_of(_rule(policy, settings, typed, given.count), number, len(campaign.pool.rows_of("train")), asked)
    choice = Choice.of(policy, standing, count.number, number)
    name = type(choice.policy.acquire).__name__
    return Plan(choice, Chooser(partial(_choose, campaign, model), name, str(path or "")), told.format(name=name), count)


def _rule(policy: Policy, settings: dict[str, Any], typed: dict[str, Any] | None, count: int | None) -> Rule:
    """What decides the number of texts.

    A fit's budget in shares is about the labels that it trains on, so of those of a fit only one in labels counts; and Full
    asks for nothing by rounds, but trains on all labels. Words are no number of texts: a fit's budget and cap in words do not
    count, and those of a typed config are refused.
    """
    if policy.unit != "rows":
        if typed is not None and count is None:
            raise ValueError(
                f"active.unit must be rows in a config for ask, which hands out texts, got {policy.unit}; or give --count"
            )
        return Rule(count)
    counts = "budget" in settings and (in_labels(policy.budget) or (typed is not None and not isinstance(policy.budget, Full)))
    rounds = ((typed or {}).get("trainer") or {}).get("max_epochs")
    return Rule(count, policy.budget if counts else None, rounds, policy.max_unique)


def _choose(campaign: Campaign, model: Callable[[], Eye | None], choice: Choice) -> Selection:
    return choice.select(scores_for(choice, campaign.pool, model()))


def _origin(campaign: Campaign, given: Namespace) -> tuple[Path | None, dict[str, Any], str]:
    """Checkpoint and selection settings of the model that chooses, or none, and the sentence about it."""
    if given.ckpt_path is not None:
        path = Path(given.ckpt_path).expanduser()
        run = run_of(path.resolve())
        return path, {} if run is None or not (run / CONFIG).is_file() else _active(read_config(run)), f"{{name}} of {path}"
    labels = train_labels(campaign)
    if not is_warm(campaign):
        return None, {}, f"{{name}}, since {len(labels)} labels of {len(by_class(labels))} classes are too few for a model"
    fit = newest_fit(campaign.folder, Path(given.runs).expanduser())
    if fit is None:
        return None, {}, f"{{name}}, since no finished fit of this campaign with a checkpoint is in {given.runs}"
    return (
        fit.checkpoint,
        _active(fit.settings),
        f"{{name}} of {fit.run}, which has not seen {_age(fit, len(labels))} labels",
    )


def _age(fit: Fit, labels: int) -> int:
    return max(0, labels - fit.labels)


def _active(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings ``active`` of a config, as far as they are those of a policy."""
    known = {field.name for field in fields(Policy)}
    return {name: value for name, value in (settings.get("active") or {}).items() if name in known}


def _coverage(campaign: Campaign) -> dict[str, Any]:
    embedding = "TfIdf" if campaign.settings.backbone is None else "MeanTokens"
    return {"cluster": {"class_path": "Whole"}, "embedding": {"class_path": embedding}}


def _typed(config: str) -> dict[str, Any]:
    """A config that was typed."""
    try:
        found = yaml.safe_load(Path(config).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"config: {config} cannot be read ({first_line(error)})") from error
    if not isinstance(found, dict) or not isinstance(found.get("active", {}), dict):
        raise ValueError(f"config: {config} must be a config of fit, with a block active")
    return found


def _refuse_foreign(settings: dict[str, Any], place: Path) -> None:
    """Refuse classes of other packages: they are not run unless their config is typed."""
    for kind in named_classes(settings):
        if not kind.startswith(KNOWN):
            raise ValueError(
                f"active: {place} names the class {excerpt(kind)}, which is not alft's and is not run unasked; if you trust "
                "it, add --config with a config that names it"
            )


def _policy(settings: dict[str, Any]) -> Policy:
    """Make the policy of the settings ``active``."""
    parser = FitParser()
    parser.add_class_arguments(Policy, "active")
    policy: Policy = parser.instantiate_classes(parser.parse_object({"active": settings})).active
    return policy


def _pretrained(campaign: Campaign, given: Namespace) -> Eye | None:
    settings = campaign.settings
    if settings.backbone is None:
        return None
    try:
        load_tokenizer(settings.backbone, settings.max_length)
        outputs = settings.form.outputs(settings.classes)
        model = Classifier(settings.backbone, outputs, task=settings.task)  # its new head is not used
    except ValueError as error:
        raise ValueError(f"{error}; backbone and max_length are entries of {campaign.folder / SETTINGS}") from error
    return Eye(model.eval(), settings.max_length, given.trainer.accelerator, given.trainer.enable_progress_bar)


def _trained(campaign: Campaign, path: Path, given: Namespace) -> Eye:
    checkpoint = read_checkpoint(path)
    names = checkpoint["hyper_parameters"]["label_names"]
    model = load_classifier(checkpoint)
    if model.task.name != campaign.settings.task or not set(names) <= outputs_of(campaign):
        raise ValueError(f"ckpt_path: {path} predicts {listed(names)}, which are not the classes of {campaign.folder}")
    return Eye(model, reading_of(checkpoint)["max_length"], given.trainer.accelerator, given.trainer.enable_progress_bar)
