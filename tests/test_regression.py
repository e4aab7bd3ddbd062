"""Logistic regression with a chosen strength: against scikit-learn, and its properties."""

import time
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from alft.controls import regression
from alft.controls.descent import Problem, minimum
from alft.controls.regression import DEFAULT, STRENGTHS, fit_regression
from alft.models.inner_products import by_inner_products


def points(classes: int, rows: int, columns: int, seed: int = 0) -> tuple[np.ndarray, list[int]]:
    """Vectors of length 1 around the centres of their classes, of which the first is the most frequent."""
    rng = np.random.default_rng(seed)
    labels = [row % classes if row % 3 else 0 for row in range(rows)]
    table = rng.normal(size=(classes, columns))[labels] + 2 * rng.normal(size=(rows, columns))
    return table / np.linalg.norm(table, axis=1, keepdims=True), labels


def theirs(table: np.ndarray, labels: list[int], strength: float, weighted: bool) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weights = "balanced" if weighted else None
        return LogisticRegression(C=strength, class_weight=weights, tol=1e-7, max_iter=5000).fit(table, labels)


@pytest.mark.parametrize(
    ("classes", "rows", "columns"), [(2, 200, 10), (2, 40, 200), (3, 300, 20), (7, 150, 400), (20, 400, 30)]
)
@pytest.mark.parametrize("kind", ["dense", "sparse", "blocks"])
def test_a_fit_is_that_of_scikit_learn(classes, rows, columns, kind):
    (table, labels), (new, _) = points(classes, rows, columns), points(classes, 50, columns, seed=1)
    half = columns // 2
    cut = {
        "dense": lambda t: (t,),
        "sparse": lambda t: (csr_matrix(t),),
        "blocks": lambda t: (csr_matrix(t[:, :half]), t[:, half:]),
    }[kind]
    ours = fit_regression(*cut(table), labels=labels)
    expected = theirs(table, labels, *ours.chosen)
    # Of two classes scikit-learn has one row of weights, the difference of ours.
    probabilities = softmax(ours.logits(*cut(new)), axis=1)
    np.testing.assert_allclose(probabilities, expected.predict_proba(new), atol=1e-3)
    assert np.mean(np.array(ours.predict(*cut(new))) == expected.predict(new)) >= 0.98  # but for ties
    assert ours.weights_CF.shape == (classes, columns)
    np.testing.assert_allclose(softmax(new @ ours.weights_CF.T + ours.intercept_C, axis=1), probabilities, atol=1e-9)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_loss_is_scikit_learns(strength, weighted):
    table, labels = points(4, 120, 12)
    found = minimum(Problem(table, np.array(labels), 4, strength, weighted), lambda: None)
    expected = theirs(table, labels, strength, weighted)
    centred = found - found.mean(1, keepdims=True)
    np.testing.assert_allclose(centred[:-1].T, expected.coef_, atol=1e-2)
    start = minimum(Problem(table, np.array(labels), 4, strength, weighted), lambda: None, found + 0.1)
    np.testing.assert_allclose(start - start.mean(1, keepdims=True), centred, atol=1e-2)


def test_the_gradient_is_that_of_the_loss():
    table, labels = points(3, 30, 5)
    for weighted in (False, True):
        problem = Problem(table, np.array(labels), 3, 5.0, weighted)
        at = np.random.default_rng(0).normal(size=18)
        _, gradient = problem.value(at)
        steps = np.eye(18) * 1e-6
        measured = [(problem.value(at + step)[0] - problem.value(at - step)[0]) / 2e-6 for step in steps]
        np.testing.assert_allclose(gradient, measured, atol=1e-6)


def test_rare_classes_are_weighted_where_that_is_better():
    rng = np.random.default_rng(0)
    labels = [int(row % 10 == 0) for row in range(400)]
    table = np.array([[1.0, 0.0], [0.0, 1.0]])[labels] + rng.normal(size=(400, 2))
    assert fit_regression(table, labels=labels).chosen[1]
    even = [row % 2 for row in range(400)]
    assert not fit_regression(table, labels=even).chosen[1]


def test_a_class_of_one_row_leaves_nothing_to_compare():
    table, labels = points(3, 40, 8)
    assert fit_regression(table, labels=[*labels[:-1], 3]).chosen == DEFAULT


def test_rows_of_one_class_are_always_predicted_as_it():
    table, _ = points(2, 10, 4)
    fitted = fit_regression(table, labels=[5] * 10)
    assert fitted.predict(table) == [5] * 10


def test_numbers_of_classes_may_be_missing_and_are_filled_with_weights_0():
    table, labels = points(3, 200, 10)
    fitted = fit_regression(table, labels=[[1, 4, 6][label] for label in labels])
    assert fitted.classes == [1, 4, 6]
    assert set(fitted.predict(table)) <= {1, 4, 6}
    weights, intercept = fitted.over(8)
    assert weights.shape == (8, 10)
    assert not weights[[0, 2, 3, 5, 7]].any()
    np.testing.assert_array_equal(weights[[1, 4, 6]], fitted.weights_CF)
    assert intercept[[0, 2, 3, 5, 7]].max() < intercept[[1, 4, 6]].min()
    assert set((table @ weights.T + intercept).argmax(1)) <= {1, 4, 6}


def test_repeated_rows_and_rows_of_zeros_are_no_obstacle():
    table = np.repeat(np.array([[1.0, 0, 0, 0, 0, 0, 0, 0, 0], [0.0] * 9]), 4, axis=0)
    assert fit_regression(table, labels=[1] * 4 + [0] * 4).predict(table) == [1] * 4 + [0] * 4


def test_many_repeated_sparse_rows_of_float32_are_no_obstacle():
    rng = np.random.default_rng(0)
    rows = rng.random((300, 5000)) * (rng.random((300, 5000)) < 0.02)
    table = csr_matrix((rows / np.linalg.norm(rows, axis=1, keepdims=True))[np.arange(1500) % 300], dtype=np.float32)
    labels = [row % 300 % 2 for row in range(1500)]
    assert fit_regression(table, labels=labels).predict(table) == labels


def test_products_of_no_rows_are_refused():
    with pytest.raises(ValueError, match="products_NN must be inner products of rows"):
        by_inner_products(-np.eye(3))


def test_known_inner_products_change_nothing():
    table, labels = points(4, 50, 90)
    one, other = fit_regression(table, labels=labels), fit_regression(table, labels=labels, products_NN=table @ table.T)
    np.testing.assert_allclose(one.weights_CF, other.weights_CF, atol=1e-9)


def test_the_same_rows_give_the_same_fit_to_the_bit():
    table, labels = points(5, 120, 40)
    one, other = fit_regression(table, labels=labels), fit_regression(table, labels=labels)
    assert one.weights_CF.tobytes() == other.weights_CF.tobytes()


def test_a_fit_can_be_ended_at_any_step():
    table, labels = points(5, 120, 40)

    def check() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        fit_regression(table, labels=labels, check=check)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(regression, "MOST_ROWS", 10)
        patch.setattr(regression, "FEW_CLASSES", 2)
        with pytest.raises(TimeoutError):
            fit_regression(csr_matrix(table), labels=labels, check=check)


def test_many_classes_on_vectors_take_a_second():
    table, labels = points(77, 2000, 384)
    start = time.process_time()
    fit_regression(table, labels=labels)
    assert time.process_time() - start < 5, "0.5 s on an idle processor"


@pytest.mark.parametrize("rows", [0, 3])
def test_labels_must_fit_the_rows(rows):
    table = np.ones((rows, 2))
    with pytest.raises(ValueError, match=rf"labels must be one for each row of features, .* got 2 for \({rows}, 2\)"):
        fit_regression(table, labels=[0, 1])
