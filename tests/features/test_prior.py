"""What a model expects, as a column: nothing but a function is known of the model."""

from datetime import timedelta

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.features.base import Feature, Lineage
from houfeng.features.prior import Prior, PriorResidual, counts_by_cell, prior_table, residual, residual_table
from houfeng.features.proof import prove, with_false_future
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


def test_residuals_of_numbers_computed_beforehand_are_those_of_the_last_window_that_is_over():
    catalog, times = some_catalog(2, 3000), weekly(6)
    expected = np.random.default_rng(1).gamma(2, size=(6, len(GRID)))
    settings = {"days": 10.0, "min_magnitude": 3.0, "name": "residual", "about": ABOUT}
    found = residual_table(catalog, times, GRID, expected, **settings).columns["residual"]
    assert np.isnan(found[:2]).all()
    for row in range(2, 6):
        start, now = from_datetime64(times[row - 2]), from_datetime64(times[row])
        happened = catalog.as_of(now).between(start, start + timedelta(days=10)).above(3.0)
        observed = counts_by_cell(happened, GRID)
        assert observed.sum() > 0
        assert np.allclose(found[row], residual(observed, expected[row - 2]), atol=1e-5)
    world = with_false_future(catalog, GRID, times[3], np.random.default_rng(1))
    other = residual_table(world, times, GRID, expected, **settings).columns["residual"]
    assert np.array_equal(other[:4], found[:4], equal_nan=True) and not np.array_equal(other[5], found[5])
    with pytest.raises(InputError, match="moments by cells"):
        residual_table(catalog, times, GRID, expected[:3], **settings)
