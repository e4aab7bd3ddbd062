"""Suggestions for annotators: the label that the model of a campaign gives each text it hands out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jsonargparse import Namespace
from torch import Tensor

from alft.campaign.answers import Asked
from alft.campaign.fits import newest_checkpoint
from alft.campaign.folder import Campaign
from alft.campaign.form import Form
from alft.campaign.suggestion import suggestions
from alft.data.tokens import Tokens
from alft.record.checkpoints import read_checkpoint
from alft.system.excerpt import listed
from alft.use.predict import Predictor, probabilities


@dataclass(frozen=True)
class Suggester:
    """The model of a checkpoint, and where it computes."""

    predictor: Predictor
    accelerator: str
    progress: bool

    @classmethod
    def of(cls, campaign: Campaign, given: Namespace) -> "Suggester":
        """That of ``--ckpt_path``, or of the newest finished fit.

        Raises:
            ValueError: There is none, or it predicts other classes.
        """
        typed = given.ckpt_path
        path = newest_checkpoint(campaign.folder, Path(given.runs).expanduser()) if typed is None else Path(typed).expanduser()
        if path is None:
            raise ValueError(
                f"suggest: no finished fit of {campaign.folder} with a checkpoint is in {given.runs}, so that no model can "
                "suggest labels; train one with fit, or leave --suggest out"
            )
        predictor = Predictor.of(read_checkpoint(path))
        names, task = predictor.model.label_names, predictor.model.task
        if task.name != campaign.settings.task or not set(names) <= outputs_of(campaign):
            raise ValueError(f"suggest: {path} predicts {listed(names)}, which are not the classes of {campaign.folder}")
        return cls(predictor, given.trainer.accelerator, given.trainer.enable_progress_bar)

    def suggest(self, campaign: Campaign, rows: Sequence[Asked]) -> list[Asked]:
        """The rows with the most probable label of each, as far as one is; those of the random samples stay without.

        A suggestion pulls answers towards the model, and the scores on these samples are to judge it.
        """
        chosen = [row for row in rows if _may_have_one(campaign, row)]
        if not chosen:
            return [*rows]
        tokens = self.predictor.tokenize([row.text for row in chosen])
        probs_NC = probabilities(self.predictor.model, tokens, self.accelerator, self.progress)
        found = self._found(campaign.settings.form, tokens, probs_NC)
        best = dict(zip((row.text_id for row in chosen), found, strict=True))
        return [replace(row, suggestion=best.get(row.text_id)) for row in rows]

    def _found(self, form: Form, tokens: Tokens, probs_NC: Tensor) -> list[str | None]:
        """What to suggest for each text."""
        task = self.predictor.model.task
        if not form.of_marks:
            return suggestions(probs_NC, task.label_names)
        labels = tokens.by_text(task.choose(probs_NC.logit()), task.fill)
        return [form.of_cell(task.written(label)) for label in labels]


def outputs_of(campaign: Campaign) -> set[str]:
    """Names of the outputs that a model of the campaign may have."""
    return set(campaign.settings.form.outputs(campaign.settings.classes))


def without_suggestion(campaign: Campaign, rows: Sequence[Asked]) -> list[str]:
    """A sentence about rows that have no suggestion although they may have one, if there are any."""
    count = sum(row.suggestion is None and _may_have_one(campaign, row) for row in rows)
    return [f"no suggestion, since the model gives two labels the same probability: {count}"] if count else []


def _may_have_one(campaign: Campaign, row: Asked) -> bool:
    return campaign.pool.splits[campaign.pool.row_of[row.text_id]] == "train"
