from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import FitError, InputError, NotEnoughDataError
from houfeng.forecasts.gridded import TOP
from houfeng.models.gridding import (
    draw_points,
    gridded_from_cells,
    magnitude_thresholds,
    poisson_counts,
    simulated_from_columns,
    thinned,
)
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.models.sizes import UncertainMagnitudes, fit_sizes
from houfeng.regions import Region
from houfeng.times import Window

REGION = Region.box("b", west=0, south=50, east=4, north=54, cell_deg=0.5, corner_magnitude=8.0)
WINDOW = Window.after(datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=2))
SIZES = UncertainMagnitudes(TaperedGutenbergRichter(1.0, 4.0, 8.0), 0.1)


def test_a_b_value_known_exactly_gives_the_law_itself():
    sizes, law = UncertainMagnitudes(SIZES.law), SIZES.law
    m = np.array([3.0, 4.0, 5.5, 8.2])
    np.testing.assert_array_equal(sizes.survival(m), law.survival(m))
    assert sizes.survival(4.0) == 1
    assert (sizes.draw_b(np.random.default_rng(0), 5) == 1.0).all()
    assert sizes.b_estimate().low == sizes.b_estimate().high == 1.0


def test_averaging_over_b_has_a_closed_form():
    b = SIZES.draw_b(np.random.default_rng(0), 400_000)
    assert b.mean() == pytest.approx(1.0, abs=1e-3)
    assert b.std() == pytest.approx(0.1, rel=0.01)
    m = np.array([4.0, 5.0, 6.0, 7.0])
    np.testing.assert_allclose(SIZES.survival_given(b, m).mean(axis=0), SIZES.survival(m), rtol=0.02)
    # By hand: 100 degrees, two magnitudes above: (1 + 2 ln 10 / 100)^-100, the taper at M6 all but one.
    assert SIZES.survival(6.0) == pytest.approx((1 + 2 * np.log(10) / 100) ** -100, rel=2e-3)


def test_uncertainty_makes_great_earthquakes_likelier():
    assert SIZES.survival(7.0) > SIZES.law.survival(7.0)


def test_drawn_magnitudes_follow_the_law():
    rng = np.random.default_rng(1)
    drawn = SIZES.sample(rng, np.full(200_000, 1.0))
    for m in (4.0, 5.0, 6.0, 7.0):
        wanted = float(SIZES.law.survival(m))
        assert (drawn >= m).mean() == pytest.approx(wanted, abs=4 * np.sqrt(wanted / len(drawn)) + 1e-9)
    assert drawn.max() <= TOP


def test_b_value_of_binned_magnitudes_by_hand():
    """Ten bins alike: 0.45 above the lowest on average, so b = log10(1 + 0.1 / 0.45) / 0.1."""
    magnitudes = np.round(np.tile(4.0 + 0.1 * np.arange(10), 20), 1)
    sizes = fit_sizes(magnitudes, 4.0, REGION)
    assert sizes.law.b == pytest.approx(np.log10(1 + 0.1 / 0.45) / 0.1)
    assert 0.02 < sizes.b_sd < 0.09
    assert (sizes.law.min_magnitude, sizes.law.corner_magnitude) == (4.0, 8.0)
    estimate = sizes.b_estimate()
    assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize("decimals", [1, 2, 6])
def test_the_b_value_is_right_where_the_catalogue_is_cut_at_the_completeness(decimals):
    """Of finer magnitudes rounded to tenths the lowest bin would hold half, and b come out a tenth too low."""
    low = 4.0 - (0.05 if decimals == 1 else 0.0)
    magnitudes = np.round(low + np.random.default_rng(2).exponential(1 / np.log(10), 40_000), decimals)
    sizes = fit_sizes(magnitudes[magnitudes >= 4.0], 4.0, REGION)
    assert sizes.law.b == pytest.approx(1.0, abs=4 * sizes.b_sd)
    assert sizes.b_sd < 0.01


def test_too_few_or_senseless_magnitudes_are_refused():
    with pytest.raises(NotEnoughDataError, match="too few"):
        fit_sizes(np.full(9, 4.2), 4.0, REGION)
    with pytest.raises(FitError, match="b-value"):
        fit_sizes(np.append(np.full(500, 4.0), 4.1), 4.0, REGION)
    with pytest.raises(InputError):
        UncertainMagnitudes(SIZES.law, 2.0)


@given(st.integers(-10, 90))
def test_thresholds_are_edges_of_the_bins_and_rise(tenths):
    low = tenths / 10
    thresholds = magnitude_thresholds(low)
    assert thresholds[0] == low
    assert (np.diff(thresholds) > 0).all()
    assert (np.abs(thresholds[1:] * 2 - np.round(thresholds[1:] * 2)) < 1e-9).all()
    assert thresholds[-1] == max(8.5, low)


def test_rates_spread_over_bins_keep_their_sum():
    grid = REGION.grid()
    cells = np.arange(1.0, len(grid) + 1)
    gridded = gridded_from_cells(grid, WINDOW, cells, SIZES)
    np.testing.assert_allclose(gridded.rates.sum(axis=1), cells, rtol=1e-12)
    np.testing.assert_allclose(gridded.above(6.0), cells * SIZES.survival(6.0), rtol=1e-9)
    plain = gridded_from_cells(grid, WINDOW, cells, SIZES.law)
    np.testing.assert_allclose(plain.above(6.0), cells * SIZES.law.survival(6.0), rtol=1e-9)


def test_counts_of_a_known_rate_are_poisson():
    law = UncertainMagnitudes(TaperedGutenbergRichter(1.0, 4.0, 8.0))
    counts = poisson_counts(np.random.default_rng(0), np.full(40_000, 20.0), 20.0, law)
    for k, m in enumerate((4.0, 4.5, 5.0)):
        mean = 20 * float(law.survival(m))
        assert counts.samples[:, k].mean() == pytest.approx(mean, rel=0.02)
        assert counts.samples[:, k].var() == pytest.approx(mean, rel=0.05)
        assert counts.expected[k] == pytest.approx(mean)


def test_rare_probabilities_equal_the_poisson_formula():
    """Fewer than a hundred samples reach M7.5: the importance estimate must still be right."""
    law = UncertainMagnitudes(TaperedGutenbergRichter(1.0, 4.0, 9.0))
    counts = poisson_counts(np.random.default_rng(0), np.full(10_000, 8.0), 8.0, law)
    for m in (7.0, 7.5, 8.0, 8.5):
        wanted = -np.expm1(-8 * float(law.survival(m)))
        assert counts.probability(m) == pytest.approx(wanted, rel=0.03)


def test_thinning_keeps_order_and_mean():
    rng = np.random.default_rng(0)
    survival = np.tile([1.0, 0.3, 0.3, 0.0], (50_000, 1))
    samples = thinned(rng, np.full(50_000, 10), survival)
    assert (samples[:, 0] == 10).all()
    assert (samples[:, 1] == samples[:, 2]).all()
    assert (samples[:, 3] == 0).all()
    assert samples[:, 1].mean() == pytest.approx(3.0, rel=0.01)
    assert samples[:, 1].var() == pytest.approx(10 * 0.3 * 0.7, rel=0.03)


def test_points_fall_into_cells_by_weight_and_evenly_within():
    grid = REGION.grid()
    weights = np.zeros(len(grid))
    weights[[3, 17]] = 1.0, 3.0
    lon, lat = draw_points(np.random.default_rng(0), grid, weights, 40_000)
    cell = grid.index_of(longitude=lon, latitude=lat)
    assert set(cell.tolist()) == {3, 17}
    assert (cell == 17).mean() == pytest.approx(0.75, abs=0.01)
    x = (lon[cell == 17] - grid.west[17]) / 0.5
    z = np.sin(np.radians([grid.south[17], grid.south[17] + 0.5]))
    y = (np.sin(np.radians(lat[cell == 17])) - z[0]) / (z[1] - z[0])
    for u in (x, y):
        assert np.histogram(u, 10, (0, 1))[0] == pytest.approx(3000, abs=250)


def test_simulated_columns_are_put_in_order_and_kept_in_the_window():
    simulated = simulated_from_columns(
        WINDOW,
        4,
        catalog_id=np.array([2, 0, 2]),
        days=np.array([2.0, 1.0, 0.5]),
        longitude=np.array([1.0, 2.0, 3.0]),
        latitude=np.array([51.0, 52.0, 53.0]),
        magnitude=np.array([4.1, 4.2, 4.3]),
    )
    assert simulated.catalog_id.tolist() == [0, 2, 2]
    assert simulated.magnitude.tolist() == [4.2, 4.3, 4.1]
    assert WINDOW.contains(simulated.time).all()
    assert len(simulated) == 4
