"""The hours after large shocks: what is recorded there, and what it says."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from etas_samples import TYPICAL, clustered

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.completeness import usual_incompleteness
from houfeng.errors import FitError
from houfeng.models.etas.likelihood import Early, Likelihood
from houfeng.models.etas.preparation import EARLIEST_DAYS, Sources, learning_data, unseen_companions
from houfeng.regions import Region
from houfeng.times import after_days, from_datetime64
from houfeng.values import Provenance

MIN = 4.5
ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)
BOX = Region.box("box", west=-75, south=-35, east=-70, north=-30, cell_deg=0.5)


def catalog(days, magnitude, longitude=-72.0, latitude=-32.0, end_day=4000.0) -> Catalog:
    n = len(days)
    source = Provenance("test", "none", after_days(ORIGIN, [end_day])[0].item().replace(tzinfo=UTC), 0.0)
    return Catalog.of(
        time=after_days(ORIGIN, np.asarray(days)), longitude=np.full(n, longitude), latitude=np.full(n, latitude),
        magnitude=np.asarray(magnitude, float), provenance=source,
    )  # fmt: skip


@pytest.fixture
def sequence() -> Catalog:
    """A quiet decade, an M8 on day 3000, and a small and a large aftershock 2.4 hours later."""
    return catalog([0.0, 1500.0, 3000.0, 3000.1, 3000.1, 3200.0], [5.0, 4.5, 8.0, 4.6, 6.0, 4.5])


def test_a_small_aftershock_in_the_blind_hours_is_no_target_but_a_large_one_is(sequence):
    sources = Sources.of(sequence, BOX, MIN, 0.0)
    data = learning_data(sources, BOX, MIN, 1.0, start=ORIGIN)
    assert data.target.tolist() == [True, True, True, False, True, True]
    assert data.blind_days[2] == pytest.approx(10 ** ((8.0 - 3.9 - 4.5) / 0.75))


def test_recorded_aftershocks_are_expected_by_the_share_of_them_that_is_complete(sequence):
    sources = Sources.of(sequence, BOX, MIN, 0.0)
    data = learning_data(sources, BOX, MIN, 1.0, start=ORIGIN)
    row = data.early.rows.tolist().index(2)
    blind = data.blind_days[2]
    steps = np.geomspace(EARLIEST_DAYS, blind, 200_001)
    middle = np.sqrt(steps[1:] * steps[:-1])
    complete = usual_incompleteness(MIN).completeness_after(8.0, middle)
    share = 10.0 ** -np.maximum(complete - MIN, 0.0)
    decay = np.exp(-middle * TYPICAL.inverse_tau) * (middle + TYPICAL.c) ** -(1 + TYPICAL.omega)
    exact = float((decay * share * np.diff(steps)).sum())
    assert data.early.integral_and_derivatives(TYPICAL)[0, row] == pytest.approx(exact, rel=2e-3)


def test_nothing_is_expected_after_the_end_of_the_data():
    cut = catalog([0.0, 3000.0], [5.0, 8.0], end_day=3000.01)
    sources = Sources.of(cut, BOX, MIN, 0.0)
    data = learning_data(sources, BOX, MIN, 1.0, start=ORIGIN)
    row = data.early.rows.tolist().index(1)
    assert data.early.nodes[row].max() > 0.01
    assert not data.early.weights[row][data.early.nodes[row] >= 0.0100001].any()
    assert data.early.weights[row][data.early.nodes[row] < 0.0099].all()


def test_gradient_with_early_times_against_differences():
    rng = np.random.default_rng(5)
    data = clustered(rng, 300)
    rows = np.flatnonzero(data.m > 1.0)
    nodes = np.tile(np.geomspace(1e-3, 0.5, 12), (len(rows), 1))
    early = Early(rows, nodes, rng.uniform(0, 0.1, nodes.shape))
    blind = np.zeros(len(data.days))
    blind[rows] = 0.6
    likelihood = Likelihood(replace(data, early=early, blind_days=blind), TYPICAL)
    at, here = TYPICAL.vector(), likelihood(TYPICAL.vector())
    for i in range(9):
        step = np.zeros(9)
        step[i] = 1e-4
        slope = (likelihood(at + step).value - likelihood(at - step).value) / 2e-4
        assert here.gradient[i] == pytest.approx(slope, rel=1e-4, abs=1e-3)


def test_no_early_times_add_nothing():
    data = clustered(np.random.default_rng(6), 100)
    assert Early.none().integral_and_derivatives(TYPICAL).shape == (4, 0)
    shock = Early(np.array([3]), np.array([[0.1]]), np.array([[0.0]]))
    plain, with_nothing = Likelihood(data, TYPICAL), Likelihood(replace(data, early=shock), TYPICAL)
    assert plain(TYPICAL.vector()).value == with_nothing(TYPICAL.vector()).value


def test_hidden_companions_count_only_in_blind_hours(sequence):
    sources = Sources.of(sequence, BOX, MIN, 0.0)
    weight = unseen_companions(sources, MIN, TYPICAL.alpha, 1.0)
    assert weight[[0, 1, 2, 5]].tolist() == [0.0, 0.0, 0.0, 0.0]
    complete = 8.0 - 3.9 - 0.75 * np.log10(0.1)
    excess = np.log(10) - TYPICAL.alpha
    assert weight[4] == pytest.approx(excess * (complete - MIN))
    assert weight[3] == pytest.approx(excess * (4.6 - MIN)), "at most its own magnitude: it was seen"


def test_surely_recorded_is_the_complement_of_hidden_for_small_events_only(sequence):
    rule = usual_incompleteness(MIN)
    hidden, sure = rule.hidden(sequence, MIN), rule.surely_recorded(sequence, MIN)
    assert hidden.tolist() == [False, False, False, True, True, False]
    assert sure.tolist() == [True, True, True, False, True, True]
    assert (sure | hidden).all()


def test_magnitudes_for_the_b_value_leave_the_blind_hours_out(sequence):
    sources = Sources.of(sequence, BOX, MIN, 0.0)
    assert sources.quiet_magnitudes(MIN).tolist() == [5.0, 4.5, 8.0, 4.5]
    later = from_datetime64(sources.events.time[2])
    assert sources.quiet_magnitudes(MIN, since=later).tolist() == [8.0, 4.5]


def test_too_many_earthquakes_are_refused_with_a_magnitude_that_works(monkeypatch, sequence):
    monkeypatch.setattr("houfeng.models.etas.preparation.MOST_SOURCES", 3)
    with pytest.raises(FitError, match=r"6 earthquakes of M>=4.5 .* set the minimum magnitude to 5.1"):
        Sources.of(sequence, BOX, MIN, 0.0)
    assert len(Sources.of(sequence, BOX, 5.1, 0.0).days) <= 3


def test_magnitudes_in_tenths_count_from_the_lower_edge_of_their_bin():
    """Simulated magnitudes are continuous from the edge on; the middle of a bin is what an event of it has."""
    tenths = Sources.of(catalog([0.0, 1.0], [4.5, 5.2]), BOX, MIN, 0.0)
    assert tenths.m == pytest.approx([0.05, 0.75])
    hundredths = Sources.of(catalog([0.0, 1.0], [4.53, 5.21]), BOX, MIN, 0.0)
    assert hundredths.m == pytest.approx([0.03, 0.71])
