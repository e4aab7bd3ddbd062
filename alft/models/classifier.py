"""The LightningModule: a Hugging Face classifier, its optimisation, and its predictions for the pool (method.md 8 and 9).

Axes: B texts of a batch, L tokens, K stochastic draws, C classes, D hidden size. Where words have labels, outputs and targets
have a line for each word of the batch that has a token.
"""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from alft.models.average import Average
from alft.models.averaged import AveragedModule
from alft.models.backbone import load_network
from alft.models.beginning import begin
from alft.models.defaults import ClassWeights, with_defaults
from alft.models.epinet import Epinet, EpinetHead
from alft.models.head import Head, recorded, restored
from alft.models.lora import Lora, add_lora
from alft.models.optimisation import Optimisation, planned
from alft.models.outputs import by_text, features_of, lines_of, targets_of, words_of
from alft.models.parts import Parts
from alft.models.probe import last_layer, refuse_no_last_layer
from alft.selection.embedding import TokenEmbedding
from alft.selection.seeds import mix
from alft.system.excerpt import listed
from alft.system.short_form import plain, short_form
from alft.task.known import DEFAULT, task_class
from alft.task.tally import Evaluation

Batch = dict[str, Tensor]


class Classifier(AveragedModule):
    """A pretrained encoder with a classification head.

    Args:
        backbone: Pretrained encoder: a hub id, a local folder, or ``package:NAME/FOLDER`` for a folder inside an installed
            Python package.
        label_names: Names of the classes; always those of the data.
        head: What makes class scores of the encoder's token vectors; null for the one that was measured best, MeanNgrams for
            texts, and Window for words.
        head_start: Weights with which the last layer begins: ``fresh`` ones, or those of a logistic regression on the frozen
            features of the rows bought for the first epoch (``probe``).
        uncertainty: Source of the draws for Bald and Variance: full passes with all dropout layers active (``dropout``), or one
            pass and cheap heads trained jointly (``epinet``); predictions and all scores then average over the draws.
        lora: Settings of low-rank adaptation; null trains all weights.
        epinet: Settings of the epinet; null uses the authors' values.
        lr: Peak learning rate, reached after the warm-up; null for 2e-5, and for words 1e-4. With 0 and a ``head_lr`` the
            encoder stays frozen.
        head_lr: Peak learning rate of all weights outside the encoder; null for ``lr``.
        layer_decay: Factor of the learning rate from each layer of the encoder to the one below it, in (0, 1].
        freeze_embeddings: Leave the embeddings of tokens and positions as they are.
        class_weights: ``balanced`` gives all classes the same weight in the loss, by the labels bought so far; null none;
            ``auto`` is ``balanced`` for texts and none for words.
        label_smoothing: Share of the probability, in [0, 1), that each target spreads over all classes.
        ema: Share that a moving average of the weights keeps in each step, in (0, 1); the average is what is scored, validated,
            tested and saved. null for no average.
        weight_decay: Decay of weight matrices; biases and norms are excluded.
        warmup: Share of the steps in which the learning rate rises from 0.
        decay: When the learning rate returns to 0: after the ``plan``ned steps, or after those of the whole ``pool`` in every
            epoch (as in the authors' runner, where it never gets there).
        task: What a text is given; always ``data.task``.
    """

    def __init__(
        self,
        backbone: str,
        label_names: list[str],
        head: Head | None = None,
        head_start: Literal["fresh", "probe"] = "probe",
        uncertainty: Literal["dropout", "epinet"] = "dropout",
        lora: Lora | None = None,
        epinet: Epinet | None = None,
        lr: float | None = None,
        head_lr: float | None = None,
        layer_decay: float = 1.0,
        freeze_embeddings: bool = False,
        class_weights: ClassWeights | None = "auto",
        label_smoothing: float = 0.0,
        ema: float | None = None,
        weight_decay: float = 0.01,
        warmup: float = 0.1,
        decay: Literal["plan", "pool"] = "plan",
        task: str = DEFAULT,
    ) -> None:
        super().__init__()
        self.task = task_class(task)(label_names)
        chosen = with_defaults({"lr": lr, "head": head, "class_weights": class_weights}, self.task.unit)
        self.optimisation = Optimisation(chosen["lr"], head_lr, layer_decay, weight_decay, warmup, decay, label_smoothing, ema)
        if epinet is not None and uncertainty != "epinet":
            raise ValueError(f"model.epinet needs model.uncertainty epinet, got {uncertainty}")
        self.save_hyperparameters()
        for name, settings in {"lora": lora, "epinet": epinet}.items():  # a checkpoint must not contain our own classes
            self.hparams[name] = plain(settings)
        self.hparams.update({**chosen, "head": recorded(chosen["head"])})
        network = chosen["head"].attach(load_network(backbone, label_names, self.task.unit))
        parts = Parts(network)
        self.hidden_size: int = network.config.hidden_size
        self.network: nn.Module = network if lora is None else add_lora(network, lora, self.task.unit)
        if self.optimisation.freezes_encoder:
            parts.freeze_encoder()
        if freeze_embeddings:
            parts.freeze_embeddings()
        self.in_encoder = parts.in_encoder
        if head_start == "probe":
            refuse_no_last_layer(self.network, len(label_names))
        self.epinet = EpinetHead(epinet or Epinet(), self.hidden_size, len(label_names)) if uncertainty == "epinet" else None
        # from_pretrained returns an eval-mode model and Trainer.fit no longer calls train(): dropout would stay off.
        self.train()
        self.tallies = nn.ModuleDict({stage: self.task.tally() for stage in ("val", "test")})
        self.evaluations: dict[str, Evaluation] = {}
        self.average: Average | None = None if ema is None else Average(self, ema)
        self._class_weights_C: Tensor | None = None

    @property
    def label_names(self) -> list[str]:
        """Names of the classes, in the order of the outputs."""
        return self.task.label_names

    @property
    def settings(self) -> dict[str, Any]:
        """Model settings as written to the summary, with the epinet's defaults filled in."""
        of_data = ("label_names", "task")
        given = {name: value for name, value in self.hparams.items() if name not in of_data and not name.startswith("_")}
        epinet = None if self.epinet is None else plain(self.epinet.settings)
        return {**given, "head": short_form(restored(given["head"])), "epinet": epinet}

    def setup(self, stage: str) -> None:
        """Refuse data with other classes: outputs would silently mean other labels."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        names = getattr(data, "label_names", self.label_names)
        if names != self.label_names:
            raise ValueError(
                f"label_names of the model are {listed(self.label_names)}, but those of the data are {listed(names)}; "
                "create the model with Classifier(backbone, data.label_names)"
            )

    def forward(self, batch: Batch) -> Tensor:
        """Outputs for prediction (B, C): logits, or with an epinet the log of the mean probability over its draws."""
        if self.epinet is not None:
            return self.task.average(self._epinet_logits(batch, self.epinet.fixed_index(self.draw_count(0)))[0])
        return lines_of(self._run(batch).logits, batch)

    @property
    def output_layer(self) -> nn.Linear:
        """The trained linear layer that gives the logits; a LookupError if the head has none."""
        return last_layer(self.network, self.task.outputs)

    def draw_count(self, passes: int) -> int:
        """Number of draws K that :meth:`draws` makes for an acquisition with ``passes`` (0: it compares no draws)."""
        return passes or (self.epinet.settings.draws if self.epinet is not None else 1)

    def draws(self, batch: Batch, passes: int, seed: int, embedding: TokenEmbedding | None) -> tuple[Tensor, Tensor | None]:
        """Compute logits and embeddings of texts.

        Leaves modules in the mode of the last pass; the caller restores modes and random state.

        Args:
            batch: Tokens.
            passes: Stochastic draws; 0 for one pass without dropout, or for the epinet's own number of draws.
            seed: Seed of the dropout masks; an epinet has a fixed one.
            embedding: Reduces hidden states to one vector per text; None for no vectors.

        Returns:
            Logits (K, B, C) with K = ``draw_count(passes)``, and embeddings (B, D) of a pass without dropout, or None.
        """
        self.eval()
        if self.epinet is not None:
            logits_KBC, hidden_BLD = self._epinet_logits(batch, self.epinet.fixed_index(self.draw_count(passes)))
            return logits_KBC, embedding(hidden_BLD, batch["attention_mask"]) if embedding else None
        logits, embeddings = [], None
        if passes == 0 or embedding is not None:
            output = self._run(batch, output_hidden_states=embedding is not None)
            logits = [lines_of(output.logits, batch)]
            embeddings = embedding(output.hidden_states[-1], batch["attention_mask"]) if embedding else None
        if passes > 0:
            # The whole module, because attention dropout is not an nn.Dropout layer: it checks the mode of its parent.
            self.train()
            logits = []
            for draw in range(passes):
                torch.manual_seed(mix(seed, draw))
                logits.append(lines_of(self._run(batch).logits, batch))
        return torch.stack(logits), embeddings

    def on_train_epoch_start(self) -> None:
        """Begin the weights, where a set begins with new ones; weigh the classes by the labels bought so far."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        epoch, step = self.trainer.current_epoch, self.trainer.global_step
        if data.steps.weights_begin(epoch, step):
            begin(self, data, anew=step > 0, seed=mix(data.order_seed, epoch))
        if self.hparams["class_weights"] == "balanced":
            self._class_weights_C = self.task.class_weights(data.targets(data.bought()))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Loss of one batch; with an epinet its mean over new draws."""
        labels = targets_of(batch)
        if self.epinet is not None:
            logits_KBC, _ = self._epinet_logits(batch, self.epinet.fresh_index())
            loss = self.task.loss_of_draws(logits_KBC, labels, self._class_weights_C, self.optimisation.label_smoothing)
        else:
            logits_KBC = self(batch).unsqueeze(0)
            loss = self.task.loss(logits_KBC[0], labels, self._class_weights_C, self.optimisation.label_smoothing)
        self.label_probs_B = by_text(self.task.label_probs(logits_KBC.detach(), labels), batch)
        self.log("train_loss", loss, on_epoch=True, on_step=False, prog_bar=True, batch_size=len(labels), sync_dist=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count correct and wrong predictions."""
        self._count(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Count correct and wrong predictions."""
        self._count(batch, "test")

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Class probabilities (B, C), float32."""
        return self.task.probabilities(self(batch))

    def on_validation_epoch_end(self) -> None:
        """Log val_f1_macro, val_accuracy and val_loss."""
        self._report("val")

    def on_test_epoch_end(self) -> None:
        """Log test_f1_macro, test_accuracy and test_loss."""
        self._report("test")

    def configure_optimizers(self) -> Any:
        """AdamW; linear warm-up, then linear decay to 0 over the planned steps, and again where the weights begin anew."""
        data: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # set by fit, unknown to the type checker
        if not hasattr(data, "steps"):
            raise ValueError(f"Classifier needs fit(model, datamodule=TextPool(...)), got {type(data).__name__}")
        steps = data.steps.stretches(whole_pool=self.optimisation.decay == "pool")
        groups = self.optimisation.groups(self.named_parameters(), self.in_encoder)
        place_of = data.steps.place if self.optimisation.decay == "plan" else float
        optimizer, scheduler = planned(groups, self.optimisation.warmup, steps, place_of)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _run(self, batch: Batch, output_hidden_states: bool = False) -> Any:
        return self.network(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            output_hidden_states=output_hidden_states,
        )

    def _epinet_logits(self, batch: Batch, index_KZ: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the draws (K, B, C) and last hidden states (B, L, D) from one pass."""
        assert self.epinet is not None
        output = self._run(batch, output_hidden_states=True)
        hidden_BLD: Tensor = output.hidden_states[-1]
        additions_KBC = self.epinet(features_of(hidden_BLD, batch), index_KZ)
        return lines_of(output.logits, batch) + additions_KBC, hidden_BLD

    def _count(self, batch: Batch, stage: str) -> None:
        self.tallies[stage](self(batch).float(), batch["labels"], words_of(batch))

    def _report(self, stage: str) -> None:
        tally: Any = self.tallies[stage]
        result = self.evaluations[stage] = tally.evaluate()
        self.log_dict({f"{stage}_{name}": value for name, value in result.figures.items()}, prog_bar=stage == "val")
