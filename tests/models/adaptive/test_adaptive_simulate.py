"""What every set of simulated catalogues keeps to; expected numbers against mean counts."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import SPACE, TIME, data_of, decay
from scipy import stats
from test_adaptive_thinning import LAW, on_plane, with_edges

from houfeng.errors import InputError
from houfeng.geo import from_xyz_km
from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.adaptive.simulate import AdaptiveBatch, AdaptiveSetup, simulate, stream

COLUMNS = ("catalog_id", "days", "xyz_km", "m", "source", "from_past", "capped")


@pytest.fixture(scope="module", params=[on_plane, with_edges], ids=["plane", "edges"])
def setup(request) -> AdaptiveSetup:
    return request.param()


@pytest.fixture(scope="module")
def batch(setup) -> AdaptiveBatch:
    return simulate(setup, 3000, 8)


def same(one: AdaptiveBatch, two: AdaptiveBatch) -> bool:
    return all(getattr(one, name).tobytes() == getattr(two, name).tobytes() for name in COLUMNS)


def test_events_lie_in_window_and_region_in_order_of_time(setup, batch):
    assert ((batch.days >= setup.start_day) & (batch.days < setup.end_day)).all()
    assert (batch.m >= 0).all()
    within = np.diff(batch.catalog_id) == 0
    assert (np.diff(batch.days)[within] >= 0).all()
    assert (np.diff(batch.catalog_id) >= 0).all()
    if setup.region:
        longitude, latitude = from_xyz_km(batch.xyz_km)
        assert setup.region.contains(longitude=longitude, latitude=latitude).all()
    assert batch.counts.sum() == len(batch.days)
    assert len(batch.counts) == batch.n_catalogs == 3000


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [7, 500])
def test_a_catalogue_is_the_same_whatever_batches_and_threads(setup, batch, threads, size):
    parts = list(stream(setup, 600, 8, batch=size, threads=threads))
    assert [part.first_catalog for part in parts] == list(range(0, 600, size))
    assert same(AdaptiveBatch.joined(parts), replace(batch.of_rows(batch.catalog_id < 600)))


def test_a_catalogue_is_the_same_however_many_there_are(setup, batch):
    few = simulate(setup, 40, 8)
    assert same(few, batch.of_rows(batch.catalog_id < 40))
    assert not same(few, simulate(setup, 40, 9))


def test_sources_are_background_simulated_or_past(setup, batch):
    n = len(setup.past.data.days)
    assert set(np.unique(batch.source)) <= set(range(-2, n))
    first = np.append(True, np.diff(batch.catalog_id) > 0)
    assert (batch.source[first] != -2).all(), "the first of a catalogue has no simulated one before it"
    assert (batch.source[~first] == -2).any()


def test_sizes_follow_their_law(setup, batch):
    fresh = LAW.sample(np.random.default_rng(3), len(batch.m)) - LAW.min_magnitude
    assert stats.ks_2samp(batch.m, fresh).pvalue > 0.005


def test_expected_aftershocks_are_the_quadrature():
    setup = on_plane()
    d, features = setup.past.data, setup.past.features.productivity
    x, w = np.polynomial.legendre.leggauss(200)
    c = float(np.exp(setup.time[6]))
    low, high = np.log(setup.start_day - d.days + c), np.log(setup.end_day - d.days + c)
    y = np.exp((low + high)[:, None] / 2 + (high - low)[:, None] / 2 * x)
    integral = ((high - low)[:, None] / 2 * w * decay(setup.time, y - c) * y).sum(axis=1)
    whole = np.exp(d.log_weight + setup.time[1] + features @ setup.time[2:6])
    np.testing.assert_allclose(setup.expected_aftershocks(), whole * integral, rtol=1e-5)


def barren(setup: AdaptiveSetup) -> AdaptiveSetup:
    """No background."""
    time = setup.time.copy()
    time[0] = -20.0
    return replace(setup, time=time)


def test_without_background_everything_descends_from_the_past(setup):
    batch = simulate(barren(setup), 2000, 1)
    assert batch.from_past.all()
    assert len(batch.days) > 500


def test_without_aftershocks_the_background_keeps_its_pace(setup):
    """The expected number of a process that only keeps its background up, by the renewal equation in small steps."""
    time = setup.time.copy()
    time[1] = -29.0
    alone = replace(setup, time=time)
    s, law = setup.past.smoothing, alone.prepared().activity
    own = np.clip(setup.past.independence[setup.past.inside], 1e-9, 1 - 1e-9)
    kinds = (own @ own) / own.sum(), (own @ (1 - own)) / (1 - own).sum()
    counts = simulate(alone, 20_000, 2).counts
    share = np.mean(simulate(alone, 4000, 3).source == -1)
    mean_p = share * kinds[0] + (1 - share) * kinds[1]
    step, late, total = 1e-3, law.late, 0.0
    for _ in range(round((setup.end_day - setup.start_day) / step)):
        rate = law.usual * (law.steady + late)
        total += rate * step
        late += step * (rate * mean_p * (1 - s.steady_share) / s.independent_per_day - late) / s.active_days
    assert counts.mean() == pytest.approx(total, abs=5 * counts.std() / np.sqrt(20_000) + 0.01 * total)


def lonely(share: float, even_share: float) -> AdaptiveSetup:
    """A past of three at one place, a background far stronger in space than all aftershocks."""
    time, space = TIME.copy(), SPACE.copy()
    time[:2], space[:2] = (np.log(2.0), -29.0), (10.0, -20.0)
    data = data_of(np.array([0.0, 1, 2]), np.zeros((3, 3)), np.zeros(3), end_day=3.0)
    smoothing = Smoothing(1e6, 0.5, fade_days=1e6, even_share=even_share, active_days=1e6, steady_share=1.0)
    past = replace(Past.unjudged(data, np.ones(3, bool), smoothing, scale=True), independence=np.full(3, share))
    return AdaptiveSetup(time, space, past, LAW, 3.0, 13.0, plane_km=(-500.0, -500.0, 500.0, 500.0))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_simulated_events_count_in_the_background_by_their_independence(share):
    """Event n falls near an earlier new one with chance (1 - e) n p / (3 p + n p): p cancels, and did not."""
    even = 0.5
    setup = lonely(share, even)
    batch = simulate(setup, 3000, 4)
    near_new, chance = [], []
    for rows in np.split(np.arange(len(batch.days)), np.searchsorted(batch.catalog_id, np.arange(1, 3000))):
        for n in range(1, min(len(rows), 15)):
            earlier = batch.xyz_km[rows[:n]]
            apart = np.hypot(*earlier[:, :2].T) > 40
            near = (((earlier - batch.xyz_km[rows[n]]) ** 2).sum(axis=1) < 20.0**2) & apart
            near_new.append(near.any())
            chance.append((1 - even) * apart.sum() / (3 + n))
    error = np.sqrt(np.mean(chance) * (1 - np.mean(chance)) / len(chance))
    assert np.mean(near_new) == pytest.approx(np.mean(chance), abs=8 * error + 0.015)


def test_a_runaway_catalogue_is_cut_off_and_named():
    setup = on_plane()
    wild = replace(setup, time=setup.time + 3.0 * np.eye(len(TIME))[1], most_events=50)
    batch = simulate(wild, 200, 1)
    assert batch.counts.max() == 50
    np.testing.assert_array_equal(batch.capped, np.flatnonzero(batch.counts == 50))
    assert len(batch.capped) > 0
    free = simulate(setup, 200, 1)
    assert len(free.capped) == 0


def test_a_cut_catalogue_holds_the_earliest_events():
    setup = on_plane()
    whole, cut = simulate(setup, 300, 6), simulate(replace(setup, most_events=5), 300, 6)
    assert cut.counts.max() == 5
    early = [whole.days[whole.catalog_id == k][:1] for k in range(300)]
    first = [cut.days[cut.catalog_id == k][:1] for k in range(300)]
    assert stats.ks_2samp(np.concatenate(early), np.concatenate(first)).pvalue > 0.001


@pytest.mark.parametrize("length", [1e-6, 1e-3])
def test_short_windows_hold_little_and_no_window_nothing(setup, length):
    short = replace(setup, end_day=setup.start_day + length)
    batch = simulate(short, 500, 1)
    expected = short.expected_aftershocks().sum() + np.exp(short.time[0]) * length * 2
    assert len(batch.days) / 500 < expected + 5 * np.sqrt(expected / 500) + 0.01
    assert ((batch.days >= short.start_day) & (batch.days < short.end_day)).all()


def test_a_past_of_one_is_enough():
    data = data_of(np.zeros(1), np.zeros((1, 3)), np.array([1.0]), end_day=1.0)
    past = Past.unjudged(data, np.ones(1, bool), Smoothing(1e4, 1.0), scale=False)
    setup = AdaptiveSetup(TIME, SPACE, past, LAW, 1.0, 11.0, plane_km=(-50.0, -50.0, 50.0, 50.0))
    assert len(simulate(setup, 100, 1).days) > 50


def test_impossible_setups_are_refused():
    setup = on_plane()
    with pytest.raises(InputError, match="must have a length"):
        replace(setup, end_day=setup.start_day)
    with pytest.raises(InputError, match="either on the sphere"):
        replace(setup, plane_km=None)
    with pytest.raises(InputError, match="after the window starts"):
        replace(setup, start_day=50.0)
    with pytest.raises(InputError, match="n_catalogs is 0"):
        simulate(setup, 0, 1)
    with pytest.raises(InputError, match="seed is -1"):
        simulate(setup, 10, -1)
