"""Plots show the figures of the tables, one group each, and remain readable with many arms and long labels."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from alft.report.plots import draw
from alft.report.plots.curves import f1_by_epoch, learning_curve
from alft.report.plots.draw import OF_EPOCHS, OF_RUNS, draw_all
from alft.report.plots.panels import learning_curves_apart, panels_height
from alft.report.plots.picked import what_was_picked
from alft.report.plots.rows_and_labels import bought_by_epoch, rows_by_epoch
from alft.report.plots.spread_and_cost import cost_by_stage, spread_over_seeds
from alft.report.plots.style import arms_of, height_for, looks_of

LONG = "Linear(start=1.0, stop=0.5), accumulate, max_unique 0.7, Ward(clusters=10), recluster every_epoch, allocate difficulty"
SCORES = ("Bald", "Entropy", "Furthest", "Margin", "Ours", "Rest")
ARMS = ("baseline", f"Random, {LONG}", *(f"{score}, {LONG}" for score in SCORES))
STAGES = ("train", "score", "cluster", "select", "validate")
POOL = 200


def epochs_table(arms=ARMS, seeds=5, epochs=4, name="maltese", fingerprint="f" * 64):
    """The baseline buys all in epoch 0, arm number n buys 10 + n rows more in every epoch."""
    rng = np.random.default_rng(0)
    lines = []
    for (number, arm), seed, epoch in itertools.product(enumerate(arms), range(seeds), range(epochs)):
        bought = POOL if arm == "baseline" else (10 + number) * (epoch + 1)
        f1 = 0.5 + 0.02 * number + 0.05 * epoch + rng.normal(0, 0.01)
        seconds = {f"seconds_{stage}": float(weight * (1 + number)) for weight, stage in enumerate(STAGES, start=1)}
        kind = "baseline" if arm.startswith("baseline") else "random" if arm.startswith("Random") else "selection"
        place = {"run": f"runs/{name}/version_{seeds * number + seed}", "arm": arm, "kind": kind}
        line = {**place, "seed": seed, "epoch": epoch, "pool": POOL}
        counts = {"share": bought / POOL, "selected": bought, "bought": bought}
        lines.append({"name": name, "fingerprint": fingerprint, **line, **counts, "val_f1_macro": f1, **seconds})
    return pd.DataFrame(lines)


def runs_table(epochs, tested=True):
    runs = epochs[epochs["epoch"] == epochs["epoch"].max()].reset_index(drop=True)
    test = runs["val_f1_macro"] - 0.03 if tested else np.nan
    return runs.assign(test_f1_macro=test, majority_f1=0.394 if tested else np.nan, tfidf_f1=0.7 if tested else np.nan)


def axes():
    return Figure(figsize=(10.0, height_for(ARMS)), layout="constrained").add_subplot()


def labelled(drawn):
    """The lines of a plot that stand in its legend."""
    return {line.get_label(): line for line in drawn.lines if not line.get_label().startswith("_")}


PLOTS = [*((plot, runs_table(epochs_table())) for plot in OF_RUNS), *((plot, epochs_table()) for plot in OF_EPOCHS)]
each_plot = pytest.mark.parametrize(("plot", "table"), PLOTS, ids=lambda value: getattr(value, "__name__", ""))


@each_plot
def test_title_and_axes_say_what_they_show_and_the_legend_covers_nothing(plot, table):
    drawn = plot(table, axes())
    drawn.figure.draw_without_rendering()
    assert drawn.get_title().startswith("maltese, pool of ")
    assert drawn.get_xlabel()
    named = drawn.get_ylabel() or [label.get_text() for label in drawn.get_yticklabels()]
    assert named
    legend, plotted = drawn.get_legend().get_window_extent(), drawn.get_window_extent()
    assert legend.y1 < drawn.xaxis.label.get_window_extent().y0 < plotted.y0
    whole = drawn.figure.bbox
    assert legend.x0 >= whole.x0
    assert legend.x1 <= whole.x1
    assert legend.y0 >= whole.y0
    assert plotted.width > 0.4 * whole.width
    assert plotted.height > 0.4 * whole.height


@each_plot
def test_a_plot_is_of_one_group(plot, table):
    other = table.assign(fingerprint="0" * 64)
    with pytest.raises(ValueError, match=r"a plot shows the runs of one group, .* got 2 groups"):
        plot(pd.concat([table, other]), axes())
    with pytest.raises(ValueError, match="got 0 groups"):
        plot(table.iloc[:0], axes())


@each_plot
def test_without_axes_a_new_figure_is_made(plot, table):
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    drawn = plot(table)
    assert plt.get_fignums() == [drawn.figure.number]
    plt.close("all")


def test_arms_keep_their_place_and_look_in_whatever_order_a_table_is():
    table = epochs_table()
    looks = looks_of(table)
    assert tuple(looks) == ARMS == tuple(arms_of(table.sample(frac=1, random_state=3)))
    assert looks == looks_of(table[::-1])
    assert looks["baseline"].color == "black"
    many = looks_of(epochs_table([f"arm {number:02}" for number in range(40)], seeds=1, epochs=1))
    assert len({(look.color, look.marker) for look in many.values()}) == 40
    assert len({look.color for look in looks.values()}) == len(ARMS)


def test_learning_curve_is_the_mean_and_range_of_the_runs_steps():
    table = epochs_table(["baseline", "Bald"], seeds=2, epochs=3)
    late = (table["arm"] == "Bald") & (table["seed"] == 1)
    table.loc[late, "bought"] = [15, 15, 33]  # the other run steps at 11, 22 and 33
    table.loc[table["arm"] == "Bald", "val_f1_macro"] = [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    drawn = learning_curve(table, axes())
    line, point = labelled(drawn)["Bald"], labelled(drawn)["baseline"]
    np.testing.assert_allclose(line.get_xdata(), [15, 22, 33])
    np.testing.assert_allclose(line.get_ydata(), [(0.1 + 0.6) / 2, (0.2 + 0.6) / 2, (0.3 + 0.8) / 2])
    band = drawn.collections[-1].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0.1, 0.8)
    last = table[(table["arm"] == "baseline") & (table["epoch"] == 2)]["val_f1_macro"]
    assert list(point.get_xdata()) == [POOL]
    np.testing.assert_allclose(point.get_ydata(), [last.mean()])


def test_many_arms_have_a_panel_each_with_what_they_are_compared_with():
    arms = ["baseline", "Random", *(f"arm {number}" for number in range(8))]
    table = epochs_table(arms, seeds=2)
    figure = learning_curves_apart(table, Figure(figsize=(10, panels_height(9)), layout="constrained"))
    figure.draw_without_rendering()
    panels = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in panels] == ["Random", *sorted(arms[2:])]
    last = table[(table["arm"] == "baseline") & (table["epoch"] == 3)]["val_f1_macro"].mean()
    for panel in panels:
        lines = {line.get_label(): line for line in panel.lines}
        assert lines["_baseline"].get_ydata() == pytest.approx([last, last])
        assert ("_random" in lines) is (panel.get_title() != "Random")
    assert [panel.get_xlabel() for panel in panels] == [""] * 6 + ["labels bought"] * 3
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["all labels", "random selection"]
    lowest = min(panel.xaxis.label.get_window_extent().y0 for panel in panels if panel.get_xlabel())
    assert legend.get_window_extent().y1 < lowest


def test_a_report_of_many_arms_draws_panels(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(draw, "learning_curves_apart", lambda group, figure: drawn.append(group))
    for count, panels in ((4, 0), (5, 1)):
        epochs = epochs_table(["baseline", *(f"arm {number}" for number in range(count - 1))], seeds=1)
        draw.draw_all(runs_table(epochs), epochs, tmp_path)
        assert len(drawn) == panels
    only_baselines = epochs_table([f"baseline {number}" for number in range(9)], seeds=1)
    draw.draw_all(runs_table(only_baselines), only_baselines, tmp_path)
    assert len(drawn) == 1
    with pytest.raises(ValueError, match="learning curves need an arm that selects"):
        learning_curves_apart(only_baselines)


def test_f1_by_epoch_shows_the_baseline_and_the_arm_that_is_best_at_the_end():
    table = epochs_table(["baseline", "Bald", "Entropy", "Margin"])
    table.loc[(table["arm"] == "Margin") & (table["epoch"] < 3), "val_f1_macro"] = 0.9  # best before, not at the end
    table.loc[(table["arm"] == "Margin") & (table["epoch"] == 3), "val_f1_macro"] = 0.1
    drawn = f1_by_epoch(table, axes())
    assert list(labelled(drawn)) == ["baseline", "Entropy"]
    mean = table[table["arm"] == "Entropy"].groupby("epoch")["val_f1_macro"].mean()
    np.testing.assert_allclose(labelled(drawn)["Entropy"].get_ydata(), mean)
    assert labelled(drawn)["Entropy"].get_color() == looks_of(table)["Entropy"].color
    assert len(drawn.lines) == 2 + 2 * 5, "a mean and five runs of both"


def test_f1_by_epoch_does_without_a_baseline():
    assert list(labelled(f1_by_epoch(epochs_table(["Bald", "Margin"]), axes()))) == ["Margin"]


def test_spread_shows_every_run_the_means_and_the_controls():
    runs = runs_table(epochs_table(["baseline", "Bald"]))
    drawn = spread_over_seeds(runs, axes())
    for place, arm in enumerate(("baseline", "Bald")):
        scores = runs[runs["arm"] == arm]["test_f1_macro"]
        dots, mean = drawn.lines[2 * place : 2 * place + 2]
        assert sorted(dots.get_xdata()) == sorted(scores)
        np.testing.assert_allclose(mean.get_xdata(), scores.mean())
    controls = {label: line.get_xdata()[0] for label, line in labelled(drawn).items()}
    assert controls == {"majority class": 0.394, "TF-IDF + logistic regression, all labels": 0.7}
    assert drawn.get_xlabel() == "test macro-F1"


def test_spread_is_of_validation_and_says_so_where_there_is_no_test_set():
    runs = runs_table(epochs_table(["baseline", "Bald"]), tested=False)
    drawn = spread_over_seeds(runs, axes())
    assert drawn.get_xlabel() == "validation macro-F1 (no test set)"
    assert sorted(drawn.lines[0].get_xdata()) == sorted(runs[runs["arm"] == "baseline"]["val_f1_macro"])
    assert drawn.get_legend() is None


@pytest.mark.parametrize(("plot", "column"), [(rows_by_epoch, "selected"), (bought_by_epoch, "bought")])
def test_shares_of_the_pool_by_epoch(plot, column):
    table = epochs_table(["baseline", "Bald"])
    table.loc[table["arm"] == "Bald", "selected"] = 50
    drawn = labelled(plot(table, axes()))
    assert list(drawn["baseline"].get_ydata()) == [1.0] * 4
    expected = [0.25] * 4 if column == "selected" else [11 * (epoch + 1) / POOL for epoch in range(4)]
    np.testing.assert_allclose(drawn["Bald"].get_ydata(), expected)


def test_arms_with_the_same_budget_share_a_line():
    table = epochs_table(["baseline", "Bald", "Entropy", "Margin"]).assign(selected=50)
    table.loc[table["arm"] == "baseline", "selected"] = POOL
    assert list(labelled(rows_by_epoch(table, axes()))) == ["baseline", "Bald; Entropy; Margin"]


def test_bars_of_cost_follow_each_other_and_sum_up_to_a_run():
    drawn = cost_by_stage(epochs_table(["baseline", "Bald"], epochs=3), axes())
    for place, factor in ((0, 1), (1, 2)):
        bars = [container[place] for container in drawn.containers]
        assert [bar.get_width() for bar in bars] == [3 * factor * weight for weight in (1, 2, 3, 4, 5)]
        assert [bar.get_x() for bar in bars] == [3 * factor * before for before in (0, 1, 3, 6, 10)]
    assert [container.get_label() for container in drawn.containers] == list(STAGES)


def test_what_was_picked_is_where_the_singular_vectors_put_it():
    rng = np.random.default_rng(0)
    embeddings_ND = rng.normal(size=(40, 6)) * [5, 3, 1, 1, 1, 1]
    first_used_N = np.repeat([0, -1, 2, 1], 10)
    drawn = what_was_picked(embeddings_ND, first_used_N, axes(), title="version_3")
    never, bought = drawn.collections
    left, values, _ = np.linalg.svd(embeddings_ND - embeddings_ND.mean(0), full_matrices=False)
    order = np.r_[0:10, 30:40, 20:30]  # later purchases lie on top
    points = np.r_[never.get_offsets(), bought.get_offsets()]
    np.testing.assert_allclose(np.abs(points), np.abs((left * values)[np.r_[10:20, order], :2]))
    assert list(bought.get_array()) == [0] * 10 + [1] * 10 + [2] * 10
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == ["never bought: 10", "bought: 30"]
    assert f"({values[0] ** 2 / (values**2).sum():.0%} of the variance)" in drawn.get_xlabel()
    assert drawn.get_title() == "version_3: what was picked, and when"


@pytest.mark.parametrize("epochs", [[-1, -1, -1], [0, 0, 0]])
def test_nothing_or_everything_may_have_been_picked(epochs):
    drawn = what_was_picked(np.eye(3), np.array(epochs), axes())
    assert sum(len(dots.get_offsets()) for dots in drawn.collections) == 3


def test_what_cannot_be_projected_is_refused():
    with pytest.raises(ValueError, match=r"embeddings_ND must have at least 2 rows and 2 columns, got the shape \(5, 1\)"):
        what_was_picked(np.zeros((5, 1)), np.zeros(5))
    with pytest.raises(ValueError, match=r"first_used_N must have the shape \(5,\), got \(4,\)"):
        what_was_picked(np.zeros((5, 3)), np.zeros(4))


def test_draw_all_writes_each_plot_of_each_group_and_always_the_same(tmp_path):
    epochs = pd.concat([epochs_table(ARMS[:3], name=name) for name in ("maltese", "a/b")])
    runs = runs_table(epochs)
    paths = draw_all(runs, epochs, tmp_path / "one" / "deep")
    plots = [plot.__name__ for plot in (*OF_RUNS, *OF_EPOCHS)]
    assert paths == sorted(tmp_path / "one" / "deep" / f"{n}-ffffffff-{p}.png" for n in ("a%2Fb", "maltese") for p in plots)
    shuffled = (table.sample(frac=1, random_state=1) for table in (runs, epochs))
    for one, other in zip(paths, draw_all(*shuffled, tmp_path / "other"), strict=True):
        assert one.read_bytes().startswith(b"\x89PNG")
        assert one.read_bytes() == other.read_bytes()
