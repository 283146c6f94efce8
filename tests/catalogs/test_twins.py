"""Which reports are of one earthquake: the rules of the docstring checked on every outcome."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.twins import Windows, find_twins
from houfeng.errors import CatalogError
from houfeng.geo import great_circle_km
from houfeng.values import Provenance

WINDOWS = Windows()
KM = 1 / 111.19493  # degrees of latitude

REPORTS = st.lists(
    st.tuples(
        st.integers(0, 60),  # seconds
        st.integers(0, 12),  # steps of 20 km
        st.integers(40, 60),  # tenths of magnitude
        st.sampled_from("abc"),
    ),
    max_size=25,
)


def catalog_of(reports) -> tuple[Catalog, np.ndarray]:
    reports = sorted(reports)
    seconds = np.array([r[0] for r in reports], "timedelta64[s]")
    catalog = Catalog.of(
        time=np.datetime64("2020-01-01", "us") + seconds, longitude=np.zeros(len(reports)),
        latitude=np.array([r[1] * 20 * KM for r in reports], float), magnitude=np.array([r[2] / 10 for r in reports]),
        provenance=Provenance("x", "y", datetime(2021, 1, 1, tzinfo=UTC)),
    )  # fmt: skip
    return catalog, np.array([r[3] for r in reports], object)


def near(catalog: Catalog, i: int, j: int, limits: tuple[float, float, float]) -> bool:
    seconds = abs((catalog.time[i] - catalog.time[j]) / np.timedelta64(1, "s"))
    km = great_circle_km(
        longitude=catalog.longitude[i], latitude=catalog.latitude[i],
        to_longitude=catalog.longitude[j], to_latitude=catalog.latitude[j],
    )  # fmt: skip
    size = abs(catalog.magnitude[i] - catalog.magnitude[j]) - 1e-9
    return seconds <= limits[0] and float(km) <= limits[1] and size <= limits[2]


def found(reports, seed=0, windows=WINDOWS):
    catalog, agency = catalog_of(reports)
    rank = np.random.default_rng(seed).permutation(len(catalog))
    return catalog, agency, rank, find_twins(catalog, agency, rank=rank, windows=windows)


@settings(max_examples=150, deadline=None)
@given(REPORTS, st.integers(0, 5))
def test_who_stands_for_another_stands_for_itself_and_is_near(reports, seed):
    catalog, _, _, twin = found(reports, seed)
    # A double entry follows its fellow, so it may lie one own window beyond the window between agencies.
    wide = tuple(a + b for a, b in zip(WINDOWS.between, WINDOWS.own, strict=True))
    for j in np.flatnonzero(twin >= 0):
        assert twin[twin[j]] == -1 and twin[j] != j
        assert near(catalog, twin[j], j, wide)


@settings(max_examples=150, deadline=None)
@given(REPORTS, st.integers(0, 5))
def test_no_two_that_stand_lie_within_the_own_windows(reports, seed):
    catalog, _, _, twin = found(reports, seed)
    stand = np.flatnonzero(twin < 0)
    for a, i in enumerate(stand):
        for j in stand[a + 1 :]:
            assert not near(catalog, i, j, WINDOWS.own)


@settings(max_examples=100, deadline=None)
@given(REPORTS, st.integers(0, 5))
def test_no_pair_of_agencies_is_left_that_could_still_be_joined(reports, seed):
    """Two lone reports of different agencies within the windows are never both kept."""
    catalog, agency, _, twin = found(reports, seed)
    alone = [i for i in np.flatnonzero(twin < 0) if not (twin == i).any()]
    for a, i in enumerate(alone):
        for j in alone[a + 1 :]:
            assert agency[i] == agency[j] or not near(catalog, i, j, WINDOWS.between)


@settings(max_examples=100, deadline=None)
@given(REPORTS)
def test_windows_of_nothing_join_only_what_is_the_same(reports):
    nothing = Windows(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    catalog, agency, rank, twin = found(reports, windows=nothing)
    for j, i in enumerate(twin):
        same = [k for k in range(len(twin)) if k != j and near(catalog, j, k, (0.0, 1e-9, 0.0))]
        if i >= 0:
            assert i in same
        else:
            assert all(rank[k] > rank[j] for k in same if twin[k] == j)


def test_the_best_rank_is_kept_whoever_came_first():
    reports = [(0, 0, 50, "a"), (3, 1, 51, "b")]
    catalog, agency = catalog_of(reports)
    assert find_twins(catalog, agency, rank=np.array([0, 1]), windows=WINDOWS).tolist() == [-1, 0]
    assert find_twins(catalog, agency, rank=np.array([1, 0]), windows=WINDOWS).tolist() == [1, -1]


def test_three_agencies_of_one_earthquake_become_one():
    reports = [(0, 0, 50, "a"), (2, 1, 52, "b"), (4, 2, 48, "c")]
    catalog, agency = catalog_of(reports)
    assert find_twins(catalog, agency, rank=np.array([1, 0, 2]), windows=WINDOWS).tolist() == [1, -1, 1]


@pytest.mark.parametrize(("name", "value"), [
    ("time_s", -1), ("own_time_s", 17), ("own_distance_km", 101), ("own_magnitude", 1.1), ("magnitude", float("inf")),
    ("distance_km", float("nan")),
])  # fmt: skip
def test_windows_that_contradict_themselves_are_refused_by_name(name, value):
    with pytest.raises(CatalogError, match=f"own_{name.removeprefix('own_')} is .* allowed: 0 <= own_"):
        Windows(**{name: value})


def test_nobody_has_no_twin():
    catalog, agency = catalog_of([])
    assert find_twins(catalog, agency, rank=np.zeros(0, int), windows=WINDOWS).tolist() == []
