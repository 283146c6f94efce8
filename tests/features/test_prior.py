"""What a model expects, as a column: nothing but a function is known of the model."""

from datetime import timedelta

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.features.base import Feature, Lineage
from houfeng.features.prior import Prior, PriorResidual, counts_by_cell, prior_table, residual
from houfeng.features.proof import prove
from houfeng.features.table import build_table
from houfeng.times import from_datetime64
from tests.features.simulated import BOX, some_catalog, weekly

GRID = BOX.grid()
ABOUT = Lineage("model of the test", "expected number within 7 days", "ln(number)")


def smoothed(known, at, grid):
    """As many as there were, spread evenly, over the days of the record."""
    return np.full(len(grid), len(known) / len(grid) / 700 * 7)


def test_a_prior_is_the_logarithm_of_what_is_expected():
    catalog, times = some_catalog(1), weekly(3)
    table = build_table(catalog, GRID, times, [Prior("prior", smoothed, ABOUT)])
    for row, moment in enumerate(times):
        known = catalog.as_of(from_datetime64(moment))
        assert np.allclose(table.columns["prior"][row], np.log(len(known) / len(GRID) / 100), rtol=1e-5)
    assert table.lineage["prior"].source == "model of the test"
    assert isinstance(Prior("prior", smoothed, ABOUT), Feature)


def test_a_residual_takes_what_the_model_knew_at_the_start_of_the_window():
    catalog, times, heard = some_catalog(1), weekly(3), []

    def listening(known, at, grid):
        heard.append((known.issued.max(), at))
        return smoothed(known, at, grid)

    feature = PriorResidual("residual", listening, 50.0, 3.0)
    table = build_table(catalog, GRID, times, [feature])
    for row, moment in enumerate(times):
        at = from_datetime64(moment)
        start = at - timedelta(days=50)
        assert heard[row][1] == start and from_datetime64(heard[row][0]) <= start
        observed = counts_by_cell(catalog.as_of(at).between(start, at).above(3.0), GRID)
        expected = smoothed(catalog.as_of(start), start, GRID)
        assert observed.sum() > 0
        assert np.allclose(table.columns["residual"][row], (observed - expected) / np.sqrt(expected + 1), atol=1e-6)
    assert table.lineage["residual"].source == "simulated catalogue"
    prove(catalog, GRID, times[:1], [feature, Prior("prior", smoothed, ABOUT)], np.random.default_rng(1))


def test_expected_numbers_computed_beforehand_make_the_same_column():
    catalog, times = some_catalog(1), weekly(3)
    table = build_table(catalog, GRID, times, [Prior("prior", smoothed, ABOUT)])
    expected = np.array([smoothed(catalog.as_of(from_datetime64(t)), None, GRID) for t in times])
    made = prior_table(times, GRID, expected, "prior", ABOUT)
    assert np.array_equal(made.matrix(), table.matrix())
    with pytest.raises(InputError, match="moments by cells"):
        prior_table(times, GRID, expected[:2], "prior", ABOUT)


@pytest.mark.parametrize("bad", [np.full(len(GRID), -1.0), np.full(len(GRID), np.nan), np.ones(3)])
def test_expectations_that_make_no_sense_are_refused(bad):
    with pytest.raises(InputError, match="finite and not negative"):
        Prior("prior", lambda known, at, grid: bad, ABOUT).compute(None, None, GRID)
    with pytest.raises(InputError, match="no length"):
        PriorResidual("residual", smoothed, 0.0, 3.0)


def test_a_residual_grows_with_what_was_not_expected():
    assert residual(np.array([0.0, 3.0]), np.array([0.0, 0.0])).tolist() == [0.0, 3.0]
    assert residual(np.array([0.0]), np.array([8.0]))[0] == pytest.approx(-8 / 3)
