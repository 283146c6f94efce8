"""The simulator against candidates thinned one by one: numbers, times, places, sizes, sources."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import data_of
from adaptive_thinning import SIMULATED, Slow, on_sphere
from scipy import stats

from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.adaptive.simulate import AdaptiveSetup, simulate
from houfeng.models.etas.edges import KernelMass
from houfeng.models.magnitudes import TaperedGutenbergRichter
from houfeng.regions import Region

SLOW, MANY = 1000, 20_000
#: Wide kernels, and all features at work.
SPACE = np.array([-0.2, -3.0, 1.2, 0.8, -0.4, 0.3, np.log(0.02), 0.15, np.log(40.0), 3.0, 0.7, 0.5, np.log(0.8)])
TIME = np.array([-1.1, -3.5, 1.1, 0.6, -0.35, 0.25, np.log(0.05), 0.1, np.log(60.0)])
LAW = TaperedGutenbergRichter(b=1.0, min_magnitude=3.0, corner_magnitude=6.5)
EAST = np.array([-45.0, 0, 12, 30, -20, 75, 8, -10, 14, 9, 11.0, 13])
NORTH = np.array([10.0, -20, 25, 20, 0, 5, 6, 30, -35, 7, 8.0, 4])


def the_past(xyz_km, mass, inside, area_km2) -> Past:
    """Twelve events over a hundred days, the largest half a day before the window, the last of double weight."""
    days = np.array([0.0, 5, 11, 30, 42, 55, 70, 71, 80, 99.0, 99.5, 99.9])
    m = np.array([0.4, 0.1, 0.9, 1.2, 0.3, 1.8, 0.2, 0.6, 0.5, 0.7, 2.3, 0.1])
    weight = np.append(np.zeros(11), np.log(2.0))
    data = data_of(days, xyz_km, m, end_day=100.0, mass=mass, log_weight=weight, target=inside)
    smoothing = Smoothing(area_km2, 3.0, neighbours=2, fade_days=200.0, even_share=0.05)
    smoothing = replace(smoothing, active_days=60.0, steady_share=0.2, independent_per_day=0.12, busiest=-1.0)
    past = Past.unjudged(data, inside, smoothing, scale=True)
    judged = np.array([0.9, 0.8, 0.7, 0.95, 0.3, 0.6, 0.9, 0.1, 0.2, 0.05, 0.8, 0.02])
    return replace(past, independence=judged)


def on_plane() -> AdaptiveSetup:
    xyz, inside = np.column_stack([EAST, NORTH, np.zeros(12)]), np.ones(12, bool)
    past = the_past(xyz, KernelMass.everywhere(12), inside, 12_000.0)
    return AdaptiveSetup(TIME, SPACE, past, LAW, 100.0, 110.0, plane_km=(-60.0, -50.0, 60.0, 50.0))


def with_edges() -> AdaptiveSetup:
    """A box of about 100 by 100 km; the first and the sixth event lie outside."""
    region = Region.box("small", west=-71.4, south=-30.4, east=-70.6, north=-29.6, cell_deg=0.1, corner_magnitude=6.5)
    longitude, latitude = -71.0 + EAST / 96.3, -30.0 + NORTH / 111.2
    inside = region.contains(longitude=longitude, latitude=latitude)
    mass = KernelMass.of(region, longitude=longitude, latitude=latitude)
    past = the_past(on_sphere(longitude, latitude).T, mass, inside, region.area_km2)
    return AdaptiveSetup(TIME, SPACE, past, LAW, 100.0, 110.0, region=region)


@pytest.fixture(scope="module", params=[on_plane, with_edges], ids=["plane", "edges"])
def pair(request) -> tuple[AdaptiveSetup, list[np.ndarray], list[np.ndarray]]:
    """Catalogues by thinning, and by the simulator: rows of day, x, y, z, m, source."""
    setup, rng, shares = request.param(), np.random.default_rng(77), {}
    batch = simulate(setup, MANY, 5)
    rows = np.column_stack([batch.days, batch.xyz_km, batch.m, batch.source])
    ours = np.split(rows, np.searchsorted(batch.catalog_id, np.arange(1, MANY)))
    return setup, [Slow(setup, rng, shares).run()[:, :6] for _ in range(SLOW)], ours


def test_the_numbers_agree(pair):
    _, *both = pair
    slow, ours = (np.array([len(rows) for rows in catalogs]) for catalogs in both)
    assert slow.mean() > 6
    error = np.hypot(slow.std() / np.sqrt(len(slow)), ours.std() / np.sqrt(len(ours)))
    assert abs(slow.mean() - ours.mean()) < 4 * error
    assert stats.ks_2samp(slow, ours).pvalue > 0.01
    top = 25
    table = [np.bincount(np.minimum(counts, top), minlength=top + 1) for counts in (slow, ours)]
    assert stats.chi2_contingency(np.array(table) + 1e-9).pvalue > 0.005


def nearest(rows, others):
    """Distance from the last event to the nearest of some others, km."""
    return np.sqrt(((rows[-1, 1:4] - others) ** 2).sum(axis=1).min())


STATISTICS = {
    "time of the first": lambda rows, past: rows[0, 0],
    "time of some": lambda rows, past: rows[len(rows) // 2, 0],
    "time of the last": lambda rows, past: rows[-1, 0],
    "time between the last two": lambda rows, past: rows[-1, 0] - rows[-2, 0],
    "shortest time between two": lambda rows, past: np.diff(rows[:, 0]).min(),
    "from the last to the past": lambda rows, past: nearest(rows, past),
    "from the last to the new": lambda rows, past: nearest(rows, rows[:-1, 1:4]),
    "from the last to the shock": lambda rows, past: nearest(rows, past[10:11]),
    "from the last to the one outside": lambda rows, past: nearest(rows, past[5:6]),
    "size of the last": lambda rows, past: rows[-1, 4],
    "largest size": lambda rows, past: rows[:, 4].max(),
    "x of the last": lambda rows, past: rows[-1, 1],
    "y of the last": lambda rows, past: rows[-1, 2],
    "after the largest": lambda rows, past: len(rows) - np.argmax(rows[:, 4]) - 1.0,
}


@pytest.mark.parametrize("name", STATISTICS)
def test_times_places_and_sizes_agree(pair, name):
    setup, *both = pair
    slow, ours = (
        np.array([STATISTICS[name](rows, setup.past.data.xyz_km) for rows in catalogs if len(rows) > 1])
        for catalogs in both
    )
    assert len(slow) > 0.9 * SLOW
    assert stats.ks_2samp(slow, ours).pvalue > 0.002


@pytest.mark.parametrize("which", [0, -1], ids=["first", "last"])
def test_sources_agree(pair, which):
    """Next to what an event fell: the background, a simulated one, or each of the past."""
    _, *both = pair
    counts = np.array(
        [np.bincount([int(rows[which, 5]) - SIMULATED for rows in catalogs if len(rows)], minlength=14)
         for catalogs in both]
    )  # fmt: skip
    often = counts[0] > 20
    table = np.column_stack([counts[:, often], counts[:, ~often].sum(axis=1) + 1e-9])
    assert often.sum() >= 3
    assert stats.chi2_contingency(table).pvalue > 0.005
