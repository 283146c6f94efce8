"""Clusters of earthquakes and strange rows: k-means, HDBSCAN, nearest neighbours, errors of reconstruction."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.nearest_neighbour import nearest_neighbours, trees, two_modes
from houfeng.errors import InputError, MissingExtraError, NotEnoughDataError
from houfeng.geo import to_xyz_km
from houfeng.times import DAY_S

_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True, eq=False)
class Clusters:
    """Which cluster each row is in.

    Attributes
    ----------
    method
        How they were found.
    label : ndarray of int64, shape (n,)
        Number of the cluster, the largest first; -1 for rows that are in none.
    """

    method: str
    label: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """Rows in each cluster, descending."""
        return np.bincount(self.label[self.label >= 0])


def space_time(catalog: Catalog, *, km_per_day: float = 0.0) -> np.ndarray:
    """Places of earthquakes for clustering, km: Earth-centred x, y, z, and days times `km_per_day`; shape (n, 4).

    With 0 time does not matter. Depths are left out, since many are fixed by convention.
    """
    xyz_km = to_xyz_km(longitude=catalog.longitude, latitude=catalog.latitude).reshape(-1, 3)
    days = (catalog.time - catalog.time.min(initial=np.datetime64("2200-01-01", "us"))) / np.timedelta64(1, "us")
    return np.column_stack([xyz_km, days / (DAY_S * 1e6) * km_per_day])


def k_means(points: np.ndarray, n_clusters: int, rng: np.random.Generator) -> Clusters:
    """Lloyd's algorithm from ten k-means++ starts (scikit-learn); every row is in a cluster.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        Scaled so that distances mean something.
    """
    if not 1 <= n_clusters <= len(points):
        raise NotEnoughDataError(f"{len(points)} rows cannot make {n_clusters} clusters")
    found = _cluster_module().KMeans(n_clusters, n_init=10, random_state=int(rng.integers(2**31))).fit(points)
    return Clusters("k-means", _by_size(found.labels_))


def hdbscan(points: np.ndarray, min_size: int) -> Clusters:
    """Dense groups of at least `min_size` rows, however they are shaped (scikit-learn); the rest is in none.

    References
    ----------
    Campello, Moulavi & Sander (2013), doi:10.1007/978-3-642-37456-2_14.
    """
    if not 2 <= min_size <= len(points):
        raise NotEnoughDataError(f"{len(points)} rows cannot make clusters of {min_size}; the smallest has 2")
    found = _cluster_module().HDBSCAN(min_cluster_size=min_size, copy=True).fit(points)
    return Clusters("hdbscan", _by_size(found.labels_))


def nearest_neighbour_clusters(catalog: Catalog, *, threshold: float | None = None, min_size: int = 2) -> Clusters:
    """Trees of nearest neighbours in time, space and magnitude, cut where log10 eta is above `threshold`.

    Parameters
    ----------
    threshold
        From the two modes of this catalogue when None: give one of the training period where the future matters.
    min_size
        Smaller trees are in no cluster.

    References
    ----------
    Zaliapin & Ben-Zion (2013), doi:10.1002/jgrb.50179.
    """
    found = nearest_neighbours(catalog)
    cut = two_modes(found.log10_eta).threshold if threshold is None else threshold
    root = trees(np.where(found.log10_eta <= cut, found.parent, -1))
    _, label, counts = np.unique(root, return_inverse=True, return_counts=True)
    return Clusters("nearest neighbours", _by_size(np.where(counts[label] >= min_size, label, -1)))


def _by_size(label: np.ndarray) -> np.ndarray:
    """Labels numbered anew, the largest cluster 0; ties by first appearance."""
    inside = label >= 0
    if not inside.any():
        return np.full(len(label), -1, np.int64)
    _, first, place, counts = np.unique(label[inside], return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -counts))
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    out = np.full(len(label), -1, np.int64)
    out[inside] = number[place]
    return out


def _cluster_module():
    try:
        from sklearn import cluster
    except ImportError as error:
        raise MissingExtraError("scikit-learn is not installed; install it: pip install houfeng[learn]") from error
    return cluster


@dataclass(frozen=True, eq=False)
class Anomalies:
    """How strange rows are, from what a model that learned to give rows back gets wrong.

    Attributes
    ----------
    usual : ndarray, shape (m,)
        Errors of reconstruction in the training period, ascending.
    """

    usual: np.ndarray

    @classmethod
    def fit(cls, training_rows: np.ndarray, reconstruct: Callable[[np.ndarray], np.ndarray]) -> "Anomalies":
        """From rows of the training period, shape (m, k), and the model, which gives rows of that shape back."""
        if not len(training_rows):
            raise NotEnoughDataError("there are no rows of a training period to tell what is usual")
        return cls(np.sort(reconstruction_errors(training_rows, reconstruct)))

    def scores(self, rows: np.ndarray, reconstruct: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Share of the training rows with a smaller error than each row's, 0 to 1; shape (n,)."""
        errors = reconstruction_errors(rows, reconstruct)
        return np.searchsorted(self.usual, errors, side="left") / len(self.usual)


def reconstruction_errors(rows: np.ndarray, reconstruct: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Mean squared difference between each row and what is given back, shape (n,)."""
    out = np.empty(len(rows))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        back = np.asarray(reconstruct(part))
        if back.shape != part.shape:
            raise InputError(f"the model gives rows of shape {back.shape} back for {part.shape}")
        out[start : start + len(part)] = ((part - back) ** 2).mean(axis=1, dtype=float)
    return out
