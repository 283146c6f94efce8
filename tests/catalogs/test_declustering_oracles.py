"""Declustering against other programs of the same methods: plain loops, written from the papers, sharing no code."""

import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.gardner_knopoff import gardner_knopoff, uhrhammer_windows
from houfeng.catalogs.nearest_neighbour import Metric, nearest_neighbours, zaliapin_ben_zion
from houfeng.catalogs.proximity import EventTree, nearest
from houfeng.catalogs.reasenberg import reasenberg
from houfeng.values import Provenance

RADIUS_KM = 6371.0
SEEDS = st.integers(0, 10**6)


def swarm(seed: int, n: int, *, spread_deg: float = 0.4, days: float = 200.0, deep: bool = True) -> Catalog:
    """Events close enough that every rule has something to decide; magnitudes repeat, some depths are unknown."""
    rng = np.random.default_rng(seed)
    minutes = np.sort(rng.integers(0, int(days * 1440), n))
    depth = rng.uniform(0, 30, n)
    depth[rng.random(n) < 0.3] = np.nan
    return Catalog.of(
        time=np.datetime64("2000-01-01", "us") + minutes.astype("timedelta64[m]"),
        longitude=rng.normal(20, spread_deg, n),
        latitude=rng.normal(45, spread_deg, n),
        depth_km=depth if deep else np.full(n, np.nan),
        magnitude=np.round(2.5 + rng.exponential(0.6, n), 1),
        provenance=Provenance("simulated", "none", datetime(2040, 1, 1, tzinfo=UTC)),
    )


def days_of(catalog: Catalog) -> list[float]:
    return ((catalog.time - catalog.time[0]) / np.timedelta64(1, "s") / 86_400).tolist() if len(catalog) else []


def angle(catalog: Catalog, i: int, j: int) -> float:
    """Angle between two epicentres, by the haversine formula."""
    lat1, lat2 = math.radians(catalog.latitude[i]), math.radians(catalog.latitude[j])
    dlon = math.radians(catalog.longitude[j] - catalog.longitude[i])
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(dlon / 2) ** 2
    return 2 * math.asin(min(1.0, math.sqrt(h)))


# Gardner & Knopoff: the largest takes what lies in its window, the largest of the rest takes what is left


def windows_by_loops(catalog: Catalog, share: float) -> list[int]:
    time, m = days_of(catalog), catalog.magnitude.tolist()
    leader: dict[int, int] = {}
    for main in sorted(range(len(m)), key=lambda i: (-m[i], i)):
        if main in leader:
            continue
        leader[main] = main
        km, days = math.exp(-1.024 + 0.804 * m[main]), math.exp(-2.87 + 1.235 * m[main])
        for other in range(len(m)):
            apart = time[other] - time[main]
            if other not in leader and -share * days <= apart <= days and RADIUS_KM * angle(catalog, main, other) <= km:
                leader[other] = main
    return [leader[i] for i in range(len(m))]


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60), share=st.sampled_from([0.0, 0.3, 1.0]))
def test_windows_give_what_plain_loops_give(seed, n, share):
    catalog = swarm(seed, n)
    found = gardner_knopoff(catalog, windows="uhrhammer", foreshock_share=share)
    assert found.leader.tolist() == windows_by_loops(catalog, share)


def test_the_loops_are_put_to_the_test():
    """The invented catalogues make clusters, and not one cluster of everything."""
    catalog = swarm(3, 60, spread_deg=0.15)
    found = gardner_knopoff(catalog, windows="uhrhammer")
    assert found.n_clusters > 3 and 3 < found.n_single < 50
    assert uhrhammer_windows(np.array([3.0]))[0][0] < 10


# Reasenberg: link by link, clusters as sets


def links_by_loops(catalog: Catalog, *, wait_min=1.0, wait_max=10.0, p=0.95, raised=0.5, factor=10.0) -> list[int]:
    time, m = days_of(catalog), catalog.magnitude.tolist()
    smallest = min(m)
    cluster = {i: {i} for i in range(len(m))}

    def largest(members: set[int]) -> int:
        return min(members, key=lambda i: (-m[i], i))

    for i in range(len(m)):
        main = largest(cluster[i])
        excess = max((1 - raised) * m[main] - smallest, 0.0)
        wait = -math.log(1 - p) * (time[i] - time[main]) / 10 ** (2 * (excess - 1) / 3)
        wait = min(max(wait, wait_min), wait_max)
        for j in range(i + 1, len(m)):
            if time[j] - time[i] > wait:
                break
            if j in cluster[i]:
                continue
            reach = factor * 0.011 * 10 ** (0.4 * m[i])
            if len(cluster[i]) > 1:
                reach += 0.011 * 10 ** (0.4 * m[largest(cluster[i])])
            chord = 2 * RADIUS_KM * math.sin(angle(catalog, i, j) / 2)
            sink = catalog.depth_km[i] - catalog.depth_km[j]
            apart = math.hypot(chord, 0.0 if math.isnan(sink) else sink)
            if apart <= min(reach, 30.0):
                together = cluster[i] | cluster[j]
                for one in together:
                    cluster[one] = together
    return [largest(cluster[i]) for i in range(len(m))]


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, n=st.integers(1, 60), spread=st.sampled_from([0.02, 0.1, 0.4]))
def test_links_give_what_plain_loops_give(seed, n, spread):
    catalog = swarm(seed, n, spread_deg=spread, days=40.0)
    assert reasenberg(catalog).leader.tolist() == links_by_loops(catalog)


@pytest.mark.parametrize("settings_", [
    {"wait_min": 0.2, "wait_max": 3.0}, {"p": 0.5}, {"raised": 0.0}, {"factor": 20.0},
])  # fmt: skip
def test_links_with_other_settings_give_what_plain_loops_give(settings_):
    names = {"wait_min": "min_days", "wait_max": "max_days", "p": "confidence", "raised": "raised_by",
             "factor": "radius_factor"}  # fmt: skip
    ours = {names[name]: value for name, value in settings_.items()}
    differed = 0
    for seed in range(12):
        catalog = swarm(seed, 120, spread_deg=0.03, days=250.0)
        found = reasenberg(catalog, **ours).leader.tolist()
        assert found == links_by_loops(catalog, **settings_)
        differed += found != reasenberg(catalog).leader.tolist()
    assert differed > 0


# The proximity search on anything, also where ties and walls are


def nearest_by_loops(years, xyz, m, query_years, query_xyz, dimension, b, floor) -> list[float]:
    best = []
    for t, x in zip(query_years, query_xyz, strict=True):
        least = math.inf
        for s, y, mag in zip(years, xyz, m, strict=True):
            if s < t:
                chord = min(math.dist(x, y) / (2 * RADIUS_KM), 1.0)
                km = max(2 * RADIUS_KM * math.asin(chord), floor)
                least = min(least, (t - s) * km**dimension * 10 ** (-b * mag))
        best.append(math.log10(least) if least < math.inf else math.inf)
    return best


def unit(rng: np.random.Generator, n: int, spread: float) -> np.ndarray:
    """Points on the sphere about one place, some of them the same."""
    points = rng.normal([1.0, 0.2, 0.3], spread, (n, 3))
    points = RADIUS_KM * points / np.linalg.norm(points, axis=1)[:, None]
    points[rng.random(n) < 0.2] = points[0] if n else 0
    return points


@settings(max_examples=30, deadline=None)
@given(
    seed=SEEDS,
    n=st.integers(1, 150),
    spread=st.sampled_from([1e-4, 0.02, 3.0]),
    dimension=st.sampled_from([1.0, 1.6, 2.5]),
    b=st.sampled_from([0.0, 1.0]),
)
def test_moments_of_one_catalogue_find_their_nearest_in_another(seed, n, spread, dimension, b):
    rng = np.random.default_rng(seed)
    years = np.round(rng.uniform(0, 5, n), 1)  # many at the same time
    xyz, m = unit(rng, n, spread), np.round(rng.uniform(2, 7, n), 1)
    query_years, query_xyz = np.round(rng.uniform(-1, 6, 40), 1), unit(rng, 40, spread)
    row, log10_eta = nearest(EventTree.of(years, xyz, m), query_years, query_xyz, dimension, b, 0.1)
    expected = nearest_by_loops(years, xyz, m, query_years, query_xyz, dimension, b, 0.1)
    np.testing.assert_allclose(log10_eta, expected, atol=1e-7)
    assert ((row < 0) == np.isinf(log10_eta)).all()
    found = row >= 0
    assert (years[row[found]] < query_years[found]).all()


def test_nothing_to_search_and_nobody_searching():
    empty = EventTree.of(np.zeros(0), np.zeros((0, 3)), np.zeros(0))
    row, eta = nearest(empty, np.array([1.0, 2.0]), np.zeros((2, 3)), 1.6, 1.0, 0.1)
    assert row.tolist() == [-1, -1] and np.isinf(eta).all()
    full = EventTree.of(np.array([0.0]), np.array([[RADIUS_KM, 0, 0]]), np.array([5.0]))
    row, eta = nearest(full, np.zeros(0), np.zeros((0, 3)), 1.6, 1.0, 0.1)
    assert row.shape == eta.shape == (0,)


@pytest.mark.parametrize("n", [1, 11, 12, 13, 24, 25, 97])
def test_every_event_is_in_exactly_one_leaf_and_inside_its_bounds(n):
    rng = np.random.default_rng(n)
    years, xyz, m = rng.uniform(0, 9, n), unit(rng, n, 0.1), rng.uniform(2, 7, n)
    tree = EventTree.of(years, xyz, m)
    assert sorted(tree.rows.tolist()) == list(range(n))
    np.testing.assert_array_equal(tree.points, np.column_stack([years, xyz, m])[tree.rows])
    leaves = len(tree.starts) - 1
    assert len(tree.bounds) == 2 * leaves - 1 and tree.starts[0] == 0 and tree.starts[-1] == n
    for leaf in range(leaves):
        part = tree.points[tree.starts[leaf] : tree.starts[leaf + 1]]
        node = leaves - 1 + leaf
        while True:
            low, high, top = tree.bounds[node, :4], tree.bounds[node, 4:8], tree.bounds[node, 8]
            assert (part[:, :4] >= low).all() and (part[:, :4] <= high).all() and (part[:, 4] <= top).all()
            if node == 0:
                break
            node = (node - 1) // 2


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, n=st.integers(2, 80), threshold=st.floats(-9, 0))
def test_cut_trees_are_what_is_connected_by_short_links(seed, n, threshold):
    catalog = swarm(seed, n)
    links = nearest_neighbours(catalog, metric=Metric())
    group = {i: {i} for i in range(n)}
    for i in range(n):
        if links.parent[i] >= 0 and links.log10_eta[i] <= threshold:
            together = group[i] | group[int(links.parent[i])]
            for one in together:
                group[one] = together
    m = catalog.magnitude.tolist()
    expected = [min(group[i], key=lambda k: (-m[k], k)) for i in range(n)]
    assert zaliapin_ben_zion(catalog, threshold=threshold).leader.tolist() == expected
