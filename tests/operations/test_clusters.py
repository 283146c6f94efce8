"""Clusters of a region: what does not matter to them, what they cannot know, and the files."""

import csv
import warnings
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, NotEnoughDataError, UnknownNameError
from houfeng.operations.clusters import COLUMNS, METHODS, ClusterStudy, find_clusters, write_clusters
from houfeng.regions import Region
from houfeng.values import Provenance

REGION = Region.box("patch", west=-121, south=34, east=-117, north=38)
AS_OF = datetime(2012, 1, 1, tzinfo=UTC)
ALIKE = {"region": REGION, "as_of": AS_OF, "min_magnitude": 3.0}


def three_sequences(seed: int = 1, *, later: timedelta = timedelta(0)) -> Catalog:
    """SIMULATED: 300 lone earthquakes in 11 years, and three main shocks with 60 aftershocks each within ten days."""
    rng = np.random.default_rng(seed)
    seconds, x, y, magnitude = [rng.uniform(0, 11 * 3.15e7, 300)], [rng.uniform(-121, -117, 300)], [], []
    y, magnitude = [rng.uniform(34, 38, 300)], [3 + rng.exponential(0.3, 300)]
    for k, (start, east, north) in enumerate(((5e7, -120, 35), (1.5e8, -118, 37), (2.5e8, -119, 36))):
        seconds.append(start + np.concatenate([[0], rng.exponential(2e5, 60)]))
        x.append(east + np.concatenate([[0], rng.normal(0, 0.02, 60)]))
        y.append(north + np.concatenate([[0], rng.normal(0, 0.02, 60)]))
        magnitude.append(np.concatenate([[6.5 - 0.2 * k], 3 + np.minimum(rng.exponential(0.3, 60), 2)]))
    begin = np.datetime64("2000-06-01", "us") + np.timedelta64(later)
    time = begin + (np.concatenate(seconds) * 1e6).astype("timedelta64[us]")
    return Catalog.of(
        time=time, longitude=np.concatenate(x), latitude=np.concatenate(y), magnitude=np.concatenate(magnitude),
        provenance=Provenance("SIMULATED", "none", AS_OF + later),
    )  # fmt: skip


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return three_sequences()


@pytest.fixture(scope="module")
def study(catalog) -> ClusterStudy:
    return find_clusters(catalog, **ALIKE)


def groups(study: ClusterStudy) -> set[frozenset]:
    """Clusters as sets of names."""
    names = study.catalog.event_id
    return {frozenset(names[study.clusters.label == k]) for k in range(len(study.clusters.sizes))}


def test_the_three_sequences_are_the_largest_clusters_and_bear_the_names_of_their_main_shocks(study):
    assert (study.clusters.sizes[:3] >= 55).all() and (study.clusters.sizes[3:] < 20).all()
    shocks = study.main_shocks
    assert sorted(study.catalog.magnitude[shocks[:3]].round(1)) == [6.1, 6.3, 6.5]
    assert (study.clusters.label[shocks] == np.arange(len(shocks))).all()
    told = study.document()
    assert [one["size"] for one in told["largest"][:3]] == study.clusters.sizes[:3].tolist()
    assert told["n_clusters"] == len(shocks) and 0.35 < told["clustered_share"] < 0.7


def test_parents_are_earlier_and_in_the_same_cluster(study):
    rows = np.flatnonzero(study.parents >= 0)
    assert (study.parents[rows] < rows).all()
    assert (study.clusters.label[study.parents[rows]] == study.clusters.label[rows]).all()
    assert len(rows) == (study.clusters.label >= 0).sum() - len(study.clusters.sizes)  # each tree has one root


@pytest.mark.parametrize("method", METHODS[:2])  # k-means starts by lot
def test_the_order_of_the_rows_does_not_matter(catalog, method):
    order = np.random.default_rng(3).permutation(len(catalog))
    columns = {name: column[order] for name, column in catalog.columns.items()}
    shuffled = Catalog(**columns, provenance=catalog.provenance)
    one, other = (find_clusters(c, **ALIKE, method=method) for c in (catalog, shuffled))
    assert groups(one) == groups(other)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_depends_on_the_date(catalog, method):
    later = timedelta(days=1500)
    moved = three_sequences(later=later)
    one = find_clusters(catalog, **ALIKE, method=method, number=5)
    other = find_clusters(moved, **ALIKE | {"as_of": AS_OF + later}, method=method, number=5)
    assert groups(one) == groups(other)


def test_what_was_not_issued_by_then_is_not_there(catalog):
    early = datetime(2006, 1, 1, tzinfo=UTC)
    cut = find_clusters(catalog, **ALIKE | {"as_of": early})
    truth = find_clusters(catalog.as_of(early), **ALIKE | {"as_of": early})
    assert groups(cut) == groups(truth) and (cut.catalog.issued <= np.datetime64("2006-01-01")).all()


def test_what_lies_outside_the_region_or_is_too_small_is_not_there(catalog):
    south = Region.box("south", west=-121, south=34, east=-117, north=36.5)
    found = find_clusters(catalog, **ALIKE | {"region": south, "min_magnitude": 3.2})
    assert found.catalog.latitude.max() < 36.5 and found.catalog.magnitude.min() >= 3.2
    assert sorted(found.catalog.magnitude[found.main_shocks[:2]].round(1)) == [6.1, 6.5]


def test_days_can_count_as_kilometres(catalog):
    place = find_clusters(catalog, **ALIKE, method="hdbscan")
    both = find_clusters(catalog, **ALIKE, method="hdbscan", km_per_day=5.0)
    assert groups(place) != groups(both) and len(both.clusters.sizes) >= 3


def test_kmeans_puts_every_earthquake_somewhere_and_has_no_parents(catalog):
    found = find_clusters(catalog, **ALIKE, method="kmeans", number=7)
    assert len(found.clusters.sizes) == 7 and found.clustered_share == 1 and (found.parents == -1).all()


def test_a_catalogue_of_lone_earthquakes_has_no_clusters(tmp_path, catalog):
    few = catalog.select(np.arange(0, len(catalog), 25))
    found = find_clusters(few, **ALIKE)
    assert found.clustered_share == 0 and len(found.main_shocks) == 0 and found.document()["largest"] == []
    write_clusters(found, tmp_path)
    assert (tmp_path / "neighbours.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("more", "error", "said"),
    [
        ({"method": "dbscan"}, UnknownNameError, "nearest"),
        ({"size": 1}, InputError, "the smallest has 2"),
        ({"km_per_day": -1.0}, InputError, "0 or more"),
        ({"min_magnitude": 6.45}, NotEnoughDataError, "1 earthquakes"),
        ({"as_of": datetime(1990, 1, 1, tzinfo=UTC)}, NotEnoughDataError, "--as-of"),
        ({"method": "kmeans", "number": 5000}, NotEnoughDataError, "cannot make 5000 clusters"),
    ],
)
def test_mistakes_are_told(catalog, more, error, said):
    with pytest.raises(error, match=said):
        find_clusters(catalog, **ALIKE | more)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files_are_whole_in_both_languages(study, tmp_path, language):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a glyph that the typeface lacks
        names = write_clusters(study, tmp_path, language=language)
    assert names == ["clusters.csv", "clusters.png", "neighbours.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for name in names[1:]:
        assert (tmp_path / name).read_bytes()[:4] == b"\x89PNG" and (tmp_path / name).stat().st_size > 20_000


def test_the_table_holds_every_earthquake(study, tmp_path):
    write_clusters(study, tmp_path)
    with (tmp_path / "clusters.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and len(rows) == len(study.catalog)
    names = {row["event_id"]: row for row in rows}
    for row in rows:
        assert bool(row["parent"]) == bool(row["log10_eta"])
        if row["parent"]:
            assert names[row["parent"]]["time"] <= row["time"]
            assert float(row["log10_eta"]) <= study.threshold + 1e-3
        assert bool(row["cluster"]) == bool(row["main_shock"])
        if row["cluster"]:
            assert names[row["main_shock"]]["cluster"] == row["cluster"]
            assert float(names[row["main_shock"]]["magnitude"]) >= float(row["magnitude"])
    assert sum(row["cluster"] == "1" for row in rows) == study.clusters.sizes[0]
