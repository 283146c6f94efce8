"""Clusters found again where there are any, strange rows told from usual ones, and a picture."""

import builtins

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, MissingExtraError, NotEnoughDataError
from houfeng.features.clusters import (
    Anomalies,
    hdbscan,
    k_means,
    nearest_neighbour_clusters,
    reconstruction_errors,
    space_time,
)
from houfeng.features.scaling import Pca
from tests.features.simulated import PROVENANCE, some_catalog


def three_clusters(seed, n=60, noise=20):
    """Three tight groups of different sizes, and some points anywhere."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2, -1], [n, n // 2, n // 3, noise])
    centre = np.array([[-119.5, 33.5], [-118.5, 34.5], [-119.5, 34.5], [0, 0]])[truth]
    place = np.where(
        (truth >= 0)[:, None],
        centre + rng.normal(0, 0.02, (len(truth), 2)),
        rng.uniform([-120, 33], [-118, 35], (len(truth), 2)),
    )
    days = np.where(truth >= 0, 100.0 * (truth + 1) + rng.exponential(2, len(truth)), rng.uniform(0, 700, len(truth)))
    magnitude = np.round(2.5 + rng.exponential(0.4, len(truth)), 1)
    first = np.array([0, n, n + n // 2])
    days[first], magnitude[first] = 100.0 * np.arange(1, 4) - 1, 5.5
    order = np.argsort(days)
    time = np.datetime64("2015-01-01", "us") + (days[order] * 86_400e6).astype("timedelta64[us]")
    catalog = Catalog.of(time=time, longitude=place[order, 0], latitude=place[order, 1], magnitude=magnitude[order],
                         provenance=PROVENANCE)  # fmt: skip
    return catalog, truth[order]


def agreement(found, truth):
    """Share of the pairs of clustered rows on whose being together both agree."""
    inside = truth >= 0
    one, other = found[inside][:, None] == found[inside], truth[inside][:, None] == truth[inside]
    return np.mean(one == other)


@pytest.mark.parametrize(
    ("find", "least_alone"),
    [
        (lambda catalog: hdbscan(space_time(catalog), 10), 0.25),  # it draws lone points in from afar
        (lambda catalog: nearest_neighbour_clusters(catalog, threshold=-5.0, min_size=5), 0.9),
    ],
    ids=["density", "neighbours"],
)
def test_groups_are_found_again(find, least_alone):
    alone, together, agree = [], [], []
    for seed in range(8):
        catalog, truth = three_clusters(seed)
        found = find(catalog)
        alone.append((found.label[truth == -1] == -1).mean())
        together.append((found.label[truth >= 0] >= 0).mean())
        agree.append(agreement(found.label, truth))
        assert (np.diff(found.sizes) <= 0).all()
    assert np.mean(alone) > least_alone and np.mean(together) > 0.9 and np.mean(agree) > 0.9


def test_k_means_puts_every_row_somewhere_and_repeats_itself():
    catalog, truth = three_clusters(1, noise=0)
    points = space_time(catalog)
    found = k_means(points, 3, np.random.default_rng(1))
    assert agreement(found.label, truth) == 1.0 and found.sizes.tolist() == [60, 30, 20]
    assert np.array_equal(found.label, k_means(points, 3, np.random.default_rng(1)).label)


def test_time_counts_where_it_is_given_a_length():
    catalog = some_catalog(1)
    assert (space_time(catalog)[:, 3] == 0).all()
    days = space_time(catalog, km_per_day=2.0)[:, 3]
    assert days[0] == 0 and days[-1] == pytest.approx(
        2 * (catalog.time[-1] - catalog.time[0]) / np.timedelta64(1, "D"), rel=1e-3
    )
    assert space_time(catalog.select(np.zeros(0, int))).shape == (0, 4)


def test_the_order_of_rows_does_not_matter():
    catalog, _ = three_clusters(2)
    points, shuffle = space_time(catalog), np.random.default_rng(1).permutation(len(catalog))
    one, other = hdbscan(points, 10).label, hdbscan(points[shuffle], 10).label
    assert np.array_equal(one[shuffle], other)


def test_too_few_rows_are_refused():
    with pytest.raises(NotEnoughDataError, match="3 rows cannot make 4 clusters"):
        k_means(np.zeros((3, 2)), 4, np.random.default_rng(1))
    with pytest.raises(NotEnoughDataError, match="clusters of 5"):
        hdbscan(np.zeros((3, 2)), 5)


def test_without_scikit_learn_the_command_to_install_it_is_told(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install houfeng\[learn\]"):
        hdbscan(np.zeros((30, 2)), 5)


def test_rows_off_the_plane_of_the_others_are_strange():
    rng = np.random.default_rng(1)
    plane = rng.normal(size=(500, 2)) @ rng.normal(size=(2, 5)) + 0.01 * rng.normal(size=(500, 5))
    pca = Pca.fit(plane, 2)
    anomalies = Anomalies.fit(plane[:400], lambda rows: pca.back(pca(rows)))
    usual = anomalies.scores(plane[400:], lambda rows: pca.back(pca(rows)))
    strange = anomalies.scores(plane[400:] + rng.normal(size=(100, 5)), lambda rows: pca.back(pca(rows)))
    assert abs(usual.mean() - 0.5) < 0.1 and strange.mean() > 0.95
    assert np.allclose(reconstruction_errors(np.array([[1.0, 3.0]]), lambda rows: rows * 0), 5.0)
    with pytest.raises(InputError, match="gives rows of shape"):
        reconstruction_errors(plane, lambda rows: rows[:, :1])
    with pytest.raises(NotEnoughDataError, match="no rows"):
        Anomalies.fit(plane[:0], lambda rows: rows)
