"""Refuses tables and results of a wrong shape or with values that are not finite, naming who gave them."""

import torch
from torch import Tensor

from alft.selection.acquisition import Acquisition, PoolView
from alft.selection.clustering import Clustering
from alft.selection.ledger import Ledger
from alft.selection.probabilities import by_piece
from alft.selection.several import by_row


def refuse_wrong_axes(name: str, table: Tensor, rows: int) -> None:
    """Refuse what is no tensor, or has other axes than its name says, with N rows.

    Args:
        name: Name of the table, with its axes as suffix.
        table: The table.
        rows: N.

    Raises:
        ValueError: The message gives the shape.
    """
    axes = name.split("_")[1]
    if not isinstance(table, Tensor):
        raise ValueError(f"{name} must be a tensor, got {type(table).__name__}; use torch.as_tensor")
    if table.ndim != len(axes) or table.shape[axes.index("N")] != rows:
        raise ValueError(
            f"{name} must have the axes {', '.join(axes)} with N = {rows} rows of the ledger, got the shape "
            f"{tuple(table.shape)}; probs_NC.unsqueeze(0) is one draw"
        )


def refuse_wrong_scores(acquire: Acquisition, scores_N: Tensor, rows: int) -> None:
    """Refuse anything but one score per row."""
    if not isinstance(scores_N, Tensor) or scores_N.shape != (rows,):
        shape = tuple(scores_N.shape) if isinstance(scores_N, Tensor) else type(scores_N).__name__
        name = type(acquire).__name__
        raise ValueError(f"active.acquire: {name} must give a tensor with one score per row, ({rows},), got {shape}")


def refuse_nonfinite(finite_N: Tensor, ledger: Ledger, epoch: int, who: str, what: str) -> None:
    """Refuse values that are not finite in rows that can be selected."""
    broken = (~finite_N & ledger.selectable_N).nonzero().squeeze(1)
    if len(broken):
        raise ValueError(
            f"{who} gave {len(broken)} rows {what} that cannot be used (not finite; the first is row {int(broken[0])}) "
            f"before epoch {epoch}; has the model diverged? A lower --model.lr may help"
        )


def refuse_nonfinite_view(view: PoolView, acquire: Acquisition, ledger: Ledger, epoch: int) -> None:
    """Refuse probabilities, and tables that the acquisition needs, that are not finite in rows that can be selected."""
    finite_N = by_piece(lambda probs_KBC: probs_KBC.sum((0, 2)), view.probs_KNC).isfinite()
    if view.starts_N is not None:
        finite_N = by_row((~finite_N).float(), view.starts_N, "max") == 0
    refuse_nonfinite(finite_N, ledger, epoch, "the model", "probabilities")
    for needed, table, what in (
        (acquire.needs_embeddings, view.embeddings_ND, "embeddings"),
        (acquire.needs_features, view.features_NF, "features"),
    ):
        if needed:
            refuse_nonfinite(table.sum(1).isfinite(), ledger, epoch, "the model", what)


def refuse_wrong_clusters(cluster: Clustering, clusters_R: Tensor, rows: int) -> None:
    """Refuse anything but one int64 cluster number from 0 per row."""
    if clusters_R.shape != (rows,) or clusters_R.dtype != torch.int64 or int(clusters_R.min()) < 0:
        raise ValueError(
            f"active.cluster: {type(cluster).__name__} must give each of {rows} rows an int64 number from 0, got shape "
            f"{tuple(clusters_R.shape)}, {clusters_R.dtype}, lowest {int(clusters_R.min())}; "
            "alft.selection.clustering.number_by_lowest_row renames labels of any kind"
        )


def checked_scores(acquire: Acquisition, view: PoolView, ledger: Ledger, epoch: int) -> Tensor:
    """One finite score per row, float32 (N,).

    Raises:
        ValueError: What the acquisition needs or gives is not finite, or has a wrong shape.
    """
    refuse_nonfinite_view(view, acquire, ledger, epoch)
    scores_N = view.by_row(acquire(view))
    refuse_wrong_scores(acquire, scores_N, view.size)
    scores_N = scores_N.float()
    refuse_nonfinite(scores_N.isfinite(), ledger, epoch, f"active.acquire {type(acquire).__name__}", "a score")
    return scores_N
