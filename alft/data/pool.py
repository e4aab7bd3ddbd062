"""The DataModule: owns the pool, its ledger and the loaders (method.md 2).

A run sees pool rows only by number. The label of a row reaches a batch only after it was bought, in the set of an epoch.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from inspect import signature
from typing import Any

import torch
from lightning import LightningDataModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from alft.data.answers import Answers
from alft.data.corpus import Corpus, load_corpus
from alft.data.loading import make_loader
from alft.data.rows import Rows
from alft.data.sampler import Grouping, SubsetSampler
from alft.data.seen_labels import refuse_other_run, seen_labels
from alft.data.steps import Steps
from alft.data.text_counts import TextCounts, count_texts, remarks_on_texts
from alft.data.tokens import Batch, Tokens, load_tokenizer, rehearsal_batches, tokenize
from alft.selection.ledger import Ledger
from alft.selection.plan import Plan
from alft.selection.unlearned import LeftOut, filled, none_left_out
from alft.task.known import DEFAULT


class TextPool(LightningDataModule):
    """Pool, validation set and test set of one task.

    Args:
        tokenizer: Model whose tokenizer is used; always ``model.backbone``.
        batch_size: Texts per batch, for each process.
        max_length: Tokens per text; longer texts are cut.
        length_grouped: Train on batches of texts of similar length: less padding, up to three times faster, but batches are
            no longer uniformly random.
        num_workers: Processes that build batches; texts are tokenised once, so 0 is the fastest.
        test_each_set: Measure the test set after each set as well, for ``summary.json`` alone; nothing in the run sees it.
        noise: Share, in [0, 1], of the labels trained on that are wrong, as if people had erred; drawn by the seed.
        skip: Share, in [0, 1), of the texts that get no label when they are bought, as if people had skipped them.
        **corpus: Arguments of :func:`alft.data.corpus.load_corpus`, which define the data.
    """

    def __init__(
        self,
        tokenizer: str,
        batch_size: int = 16,
        max_length: int = 128,
        length_grouped: bool = False,
        num_workers: int = 0,
        test_each_set: bool = False,
        noise: float = 0.0,
        skip: float = 0.0,
        **corpus: Any,
    ) -> None:
        super().__init__()
        for name, number, least in (("batch_size", batch_size, 1), ("num_workers", num_workers, 0)):
            if number < least:
                raise ValueError(f"data.{name} must be at least {least}, got {number}")
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.max_length = max_length
        self.length_grouped = length_grouped
        self.num_workers = num_workers
        self.test_each_set = test_each_set
        self.answers = Answers(noise, skip)
        self.plan: Plan | None = None
        self.order_seed = 0
        self._left_out: LeftOut = none_left_out
        self.model_remarks: list[str] = []
        signature(load_corpus).bind(**corpus)  # a misspelt name fails here, not on first use of the data
        self._read: Callable[[], Corpus] = lambda: load_corpus(**corpus)

    @cached_property
    def corpus(self) -> Corpus:
        """The data, read on first access: the number of labels is needed before ``setup``."""
        return self._read()

    @property
    def task(self) -> str:
        """The setting ``data.task``, of which the model makes its outputs."""
        return self.corpus.task_name

    @property
    def label_names(self) -> list[str]:
        """Names of the classes, in the order of the model's outputs."""
        return self.corpus.label_names

    @property
    def fingerprint(self) -> str:
        """Digest of the data that row numbers refer to."""
        return self.corpus.fingerprint

    @cached_property
    def ledger(self) -> Ledger:
        """Record of all selections and their cost."""
        return Ledger(self.corpus.pool.labelled_N, self.corpus.words_N)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of batching and answers, for the summary; the data are identified by the corpus' fingerprint."""
        batching = {"batch_size": self.batch_size, "max_length": self.max_length, "length_grouped": self.length_grouped}
        task = None if self.task == DEFAULT else self.task  # as in runs of versions without tasks
        return batching | {"task": task} | self.answers.settings

    @property
    def lengths(self) -> Tensor:
        """Tokens of each pool row (N,)."""
        return self.pool_tokens.lengths

    @property
    def words_N(self) -> Tensor | None:
        """Words of each pool row that have an output; None where texts have outputs."""
        return None if self.pool_tokens.words is None else self.pool_tokens.words.kept_N

    @property
    def texts(self) -> list[str]:
        """Text of each pool row."""
        return self.corpus.pool.texts

    def setup(self, stage: str) -> None:
        """Tokenise all texts, once for all stages."""
        if not hasattr(self, "pool_tokens"):
            tokenizer = load_tokenizer(self.tokenizer, self.max_length)
            self.highest_token = max(tokenizer.get_vocab().values())
            tokens = partial(tokenize, tokenizer=tokenizer, max_length=self.max_length, unit=self.corpus.task.unit)
            self.pool_tokens = tokens(self.corpus.pool.texts)
            self.validation_tokens = tokens(self.corpus.validation.texts)
            self.test_tokens = tokens(self.corpus.test.texts) if self.corpus.test else None

    @property
    def text_counts(self) -> TextCounts:
        """Counts of dropped, cut and repeated texts."""
        tokens = {"pool": self.pool_tokens, "validation": self.validation_tokens, "test": self.test_tokens}
        return count_texts(tokens, self.corpus.blank, self.corpus.repeated)

    @property
    def remarks(self) -> list[str]:
        """What is dubious about the data, and about the model on them, one sentence each."""
        found = [*self.corpus.remarks, *self.answers.remarks]
        return [*found, *remarks_on_texts(self.text_counts, self.max_length), *self.model_remarks]

    def rehearsal_batches(self) -> list[Batch]:
        """Two short pool texts of different lengths where there are such, the first alone, and one of the maximum length."""
        return rehearsal_batches(self.pool_tokens, self.max_length)

    def follow(self, plan: Plan, seed: int, left_out: LeftOut = none_left_out) -> None:
        """Set the planned sizes, the seed of the order in which rows are trained on, and which rows are left out."""
        self.plan = plan
        self.order_seed, self._left_out = seed, left_out

    @property
    def steps(self) -> Steps:
        """Optimizer steps of the run, planned and taken."""
        return Steps(self._its_plan, self.ledger, self.batch_size, self._its_trainer)

    def pool_batch(self, rows: Sequence[int]) -> Batch:
        """Tokens of the given pool rows, without labels."""
        return self.pool_tokens.batch(rows)

    @property
    def answered(self) -> Rows:
        """The pool with the labels that are trained on."""
        pool = self.corpus.pool
        return Rows(pool.texts, self.answers(pool.labels, self.corpus.task, self.order_seed))

    def bought(self) -> Tensor:
        """Numbers of the rows bought so far with a label that the epoch does not leave out, ascending."""
        rows = ((self.ledger.first_used_N >= 0) & self.answered.labelled_N).nonzero().squeeze(1)
        return rows[~self.left_out(rows, self._its_trainer.current_epoch)]

    def targets(self, rows: Tensor) -> Tensor:
        """Targets of the outputs for pool rows, of the labels that are trained on."""
        return self.pool_tokens.targets(self.corpus.task, self.answered.take(rows.tolist()).labels, rows.tolist())

    def left_out(self, rows: Tensor, epoch: int) -> Tensor:
        """Which of these rows ``epoch`` does not train on, bool (R,)."""
        strata = self.corpus.task.strata(self.answered.take(rows.tolist()).labels)  # of these alone: others are not bought
        return self._left_out(epoch, self._its_plan, self.ledger, rows, torch.tensor(strata, dtype=torch.int64))

    def train_dataloader(self) -> DataLoader[int]:
        """The set of the coming epoch: a new loader with a new sampler on every call."""
        trainer = self._its_trainer
        epoch = trainer.current_epoch
        # Passed here because on resume Lightning would set the epoch on the sampler only after workers have started.
        grouping = Grouping(self.lengths, self.batch_size * trainer.world_size) if self.length_grouped else None
        # A run resumed after its last epoch requests a loader, too.
        rows = self.ledger.selections[min(epoch, max(self.ledger.selections))].rows
        rows = filled(rows, self.left_out(rows, epoch), self.order_seed, epoch)
        sampler = SubsetSampler(rows, self.order_seed, epoch, grouping)
        return self._loader(self.answered, self.pool_tokens, sampler=sampler)

    def val_dataloader(self) -> DataLoader[int]:
        """The validation set, in order; with several processes, each evaluates its shard."""
        return self._loader(self.corpus.validation, self.validation_tokens)

    def test_dataloader(self) -> DataLoader[int]:
        """The test set, in order; with several processes, each evaluates its shard."""
        if self.corpus.test is None or self.test_tokens is None:
            raise ValueError("data.source has no test set")
        return self._loader(self.corpus.test, self.test_tokens)

    def state_dict(self) -> dict[str, Any]:
        """The ledger, digests of its data and of the labels seen so far, and how texts were read, which predictions repeat."""
        return {
            "ledger": self.ledger.state_dict(),
            "processes": self._its_trainer.world_size,
            "stopped": self._its_trainer.should_stop,
            "fingerprint": self.corpus.fingerprint,
            "labels": seen_labels(self.corpus.pool.labels, self.ledger.first_used_N),
            "text_column": self.corpus.text_column,
            "max_length": self.max_length,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a saved ledger, unless the data have changed since; an evaluation needs none."""
        trainer = self._its_trainer
        if trainer.state.fn != "fit":
            return
        refuse_other_run(state_dict, self.corpus.fingerprint, self.corpus.pool.labels, trainer.world_size)
        self.ledger.load_state_dict(state_dict["ledger"])
        trainer.should_stop = state_dict["stopped"]  # EarlyStopping saves that it stopped the run, the Trainer does not

    @property
    def _its_plan(self) -> Plan:
        if self.plan is None:
            raise ValueError(
                "TextPool has no plan of its epochs: the Trainer needs ActiveLearning among its callbacks, "
                "as alft.trainer(data, active, max_epochs=...) has it"
            )
        return self.plan

    @property
    def _its_trainer(self) -> Trainer:
        if self.trainer is None:
            raise ValueError("TextPool needs a Trainer: hand it over as fit(model, datamodule=data)")
        return self.trainer

    def _loader(self, rows: Rows, tokens: Tokens, sampler: Sampler[int] | None = None) -> DataLoader[int]:
        return make_loader(rows, tokens, self.corpus.task, self._its_trainer, self.batch_size, self.num_workers, sampler)
