"""The autoencoder: what is usual is given back, what breaks the pattern is not; the future is not looked at."""

import numpy as np
import pytest

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.learning.anomaly import Autoencoder, PresentMse, fit_autoencoder
from houfeng.learning.losses import torch
from houfeng.learning.settings import TrainSettings

QUICK = TrainSettings(steps=400, batch_size=128, learning_rate=5e-3, device="cpu", evaluate_every=50)


def usual_rows(n: int, seed: int) -> np.ndarray:
    """Six columns that two numbers lie behind, on scales of their own."""
    rng = np.random.default_rng(seed)
    behind = rng.standard_normal((n, 2))
    mixing = np.random.default_rng(1).standard_normal((2, 6))
    return (behind @ mixing + 0.05 * rng.standard_normal((n, 6))) * [1, 10, 100, 1, 0.1, 1] + [0, 5, -300, 1, 2, 0]


@pytest.fixture(scope="module")
def fitted() -> Autoencoder:
    return fit_autoencoder(usual_rows(2000, 2), code=2, width=24, settings=QUICK)


def test_usual_rows_are_given_back_and_broken_ones_are_not(fitted):
    later = usual_rows(500, 3)
    broken = later.copy()
    for column in range(6):  # each column is as usual, but they no longer belong together
        broken[:, column] = np.random.default_rng(column).permutation(broken[:, column])
    assert np.median(fitted.errors(later)) < 0.1
    assert np.median(fitted.errors(broken)) > 5 * np.median(fitted.errors(later))
    assert fitted.strange(broken).mean() > 0.5


def test_the_threshold_is_a_quantile_of_rows_not_learned_from(fitted):
    assert len(fitted.usual) == 400 and (np.diff(fitted.usual) >= 0).all()
    assert fitted.threshold(0.9) == pytest.approx(np.quantile(fitted.errors(usual_rows(2000, 2)[1600:]), 0.9), rel=1e-5)
    later = usual_rows(4000, 4)
    assert fitted.strange(later, 0.9).mean() == pytest.approx(0.1, abs=0.05)
    assert fitted.threshold(0.5) < fitted.threshold(0.99)


def test_missing_numbers_count_as_usual_and_not_in_the_error(fitted):
    rows = usual_rows(50, 6)
    rows[:10, 3] = np.nan
    rows[0] = np.nan
    errors = fitted.errors(rows)
    assert np.isnan(errors[0]) and np.isfinite(errors[1:]).all()
    assert not fitted.strange(rows)[0]


def test_the_error_is_what_the_network_says():
    """Against a network that always gives zeros: the mean square of the scaled numbers that are there."""

    class Zeros(torch.nn.Module):
        def forward(self, inputs):
            return torch.zeros_like(inputs["rows"])

    made = Autoencoder(Zeros(), np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.zeros(3))
    assert made.errors(np.array([[5.0, 3.0], [1.0, np.nan], [np.nan, -2.0]])) == pytest.approx([6.5, 0.0, 4.0])
    assert made.errors(np.array([[1e9, 0.0]])) == pytest.approx([32.0])  # no further than 8 spreads


def test_columns_with_holes_and_columns_that_never_change_can_be_learned_from():
    rows = usual_rows(600, 7)
    rows[np.random.default_rng(0).random(rows.shape) < 0.2] = np.nan
    rows[:, 4] = 7.0
    made = fit_autoencoder(rows, code=2, width=16, settings=QUICK)
    assert np.isfinite(made.errors(rows)).all() and made.spread[4] == 1.0
    assert made.errors(rows).mean() < 1.0


def test_the_same_rows_give_the_same_and_later_rows_are_not_looked_at():
    rows = usual_rows(600, 8)
    short = TrainSettings(steps=40, batch_size=64, device="cpu", evaluate_every=20)
    one, other = (fit_autoencoder(rows[:500], code=2, settings=short) for _ in range(2))
    rows[500:] = 1e6
    assert np.array_equal(one.errors(rows), other.errors(rows))
    assert one.mean == pytest.approx(rows[:400].mean(axis=0))


def test_the_loss_is_over_what_is_there():
    target = torch.tensor([[[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    raw = torch.tensor([[3.0, 9.0], [1.0, 1.0]])
    assert PresentMse().per_example(raw, target).tolist() == [4.0, 0.0]


@pytest.mark.parametrize(
    ("rows", "more", "error", "words"),
    [
        (np.zeros((100, 1)), {"code": 1}, InputError, "squeezed"),
        (np.zeros((100, 4)), {"code": 4}, InputError, "squeezed"),
        (np.zeros(100), {}, InputError, "two axes"),
        (np.zeros((30, 4)), {"code": 2}, NotEnoughDataError, "40 needed"),
        (np.zeros((100, 4)), {"code": 2, "held_share": 1.0}, InputError, "held out"),
    ],
)
def test_what_makes_no_sense_is_refused(rows, more, error, words):
    with pytest.raises(error, match=words):
        fit_autoencoder(rows, **more)


def test_other_columns_and_other_quantiles_are_refused(fitted):
    with pytest.raises(InputError, match="do not fit 6 columns"):
        fitted.errors(np.zeros((3, 5)))
    with pytest.raises(InputError, match="between 0 and 1"):
        fitted.threshold(1.0)
