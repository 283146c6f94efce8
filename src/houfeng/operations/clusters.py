"""Which known earthquakes belong together, and how strange the seismicity was: tables and pictures."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.clusters import largest_of
from houfeng.catalogs.completeness import estimate_completeness
from houfeng.catalogs.nearest_neighbour import Neighbours, nearest_neighbours, two_modes
from houfeng.errors import InputError, NotEnoughDataError, UnknownNameError
from houfeng.features.clusters import Clusters, hdbscan, k_means, nearest_neighbour_clusters, space_time
from houfeng.operations.outputs import write_bytes, write_text
from houfeng.operations.training import Progress, silent
from houfeng.regions import Region

if TYPE_CHECKING:
    from houfeng.operations.anomalies import Strangeness

#: How clusters are found, the usual one first.
METHODS = ("nearest", "hdbscan", "kmeans")

#: Columns of clusters.csv.
COLUMNS = ("event_id", "time", "longitude", "latitude", "depth_km", "magnitude", "cluster", "main_shock", "parent",
           "log10_eta")  # fmt: skip


@dataclass(frozen=True, eq=False)
class ClusterStudy:
    """Earthquakes of a region divided into clusters.

    Attributes
    ----------
    catalog
        Those in the region known at `as_of`, of at least `min_magnitude`.
    method
        One of :data:`METHODS`.
    clusters
        The number of each earthquake's cluster, the largest 0.
    neighbours, threshold
        The nearest earlier neighbour of each, and the log10 eta above which links are cut (minus infinity: all of
        them); None with other methods.
    """

    region: Region
    as_of: datetime
    min_magnitude: float
    catalog: Catalog
    method: str
    clusters: Clusters
    neighbours: Neighbours | None = None
    threshold: float | None = None

    @property
    def clustered_share(self) -> float:
        """Share of the earthquakes that are in a cluster."""
        return float((self.clusters.label >= 0).mean())

    @property
    def main_shocks(self) -> np.ndarray:
        """Row of the largest earthquake of each cluster, shape (n_clusters,)."""
        label = self.clusters.label
        _, first = np.unique(np.where(label < 0, np.iinfo(np.int64).max, label), return_index=True)
        return largest_of(label, self.catalog.magnitude)[first[: len(self.clusters.sizes)]]

    @property
    def parents(self) -> np.ndarray:
        """Row of the neighbour that each earthquake is linked to, -1 where there is none, shape (n,)."""
        if self.neighbours is None or self.threshold is None:
            return np.full(len(self.catalog), -1, np.int64)
        return np.where(self.neighbours.log10_eta <= self.threshold, self.neighbours.parent, -1)

    def document(self, most: int = 12) -> dict:
        """Figures and the `most` largest clusters, for programs."""
        shocks = self.main_shocks[:most]
        return {
            "region": self.region.name,
            "catalog": self.catalog.provenance.source,
            "as_of": self.as_of,
            "min_magnitude": self.min_magnitude,
            "method": self.method,
            "threshold_log10_eta": self.threshold,
            "n_events": len(self.catalog),
            "n_clusters": len(self.clusters.sizes),
            "clustered_share": self.clustered_share,
            "largest": [
                {
                    "cluster": number + 1,
                    "size": int(self.clusters.sizes[number]),
                    "main_shock": str(self.catalog.event_id[row]),
                    "time": self.catalog.event(int(row)).time,
                    "magnitude": float(self.catalog.magnitude[row]),
                    "longitude": float(self.catalog.longitude[row]),
                    "latitude": float(self.catalog.latitude[row]),
                }
                for number, row in enumerate(shocks)
            ],
        }


def find_clusters(
    catalog: Catalog,
    region: Region,
    *,
    as_of: datetime,
    method: str = METHODS[0],
    min_magnitude: float | None = None,
    size: int | None = None,
    number: int = 12,
    km_per_day: float = 0.0,
    seed: int = 132,
    progress: Progress = silent,
) -> ClusterStudy:
    """Divide what was known at `as_of` in the region into clusters.

    Parameters
    ----------
    catalog
        May reach beyond `as_of` and the region; it is cut here.
    method
        ``nearest``: trees of nearest neighbours in time, space and magnitude (Zaliapin & Ben-Zion 2013). ``hdbscan``:
        dense groups. ``kmeans``: so many groups that hold every earthquake.
    min_magnitude
        Estimated when None.
    size
        Fewest earthquakes of a cluster, with nearest (2) and hdbscan (20).
    number
        Of clusters, with kmeans.
    km_per_day
        How many km a day counts as, with hdbscan and kmeans; 0: places alone.
    seed
        Of kmeans.

    Raises
    ------
    UnknownNameError, InputError
        When the method is unknown or a figure makes no sense.
    NotEnoughDataError
        When there are too few earthquakes.
    """
    if method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if not 0 <= km_per_day < np.inf:
        raise InputError(f"a day cannot count as {km_per_day} km; give 0 or more")
    if size is not None and size < 2:
        raise InputError(f"a cluster of {size} is none; the smallest has 2 earthquakes")
    inside = catalog.as_of(as_of).within(region)
    if not len(inside):
        raise NotEnoughDataError(
            f"the catalogue ({catalog.provenance.source}) has no earthquake in '{region.name}' known by "
            f"{as_of.isoformat()}; take a later --as-of, another --region or another --catalog"
        )
    if min_magnitude is None:
        progress("estimating the completeness magnitude")
        min_magnitude = estimate_completeness(inside).magnitude
    used = inside.above(min_magnitude)
    if len(used) < 2:
        raise NotEnoughDataError(f"{len(used)} earthquakes of M>={min_magnitude:g} make no clusters; lower it")
    progress(f"looking for clusters among {len(used):,} earthquakes of M>={min_magnitude:g}")
    neighbours = threshold = None
    if method == "nearest":
        neighbours = nearest_neighbours(used)
        threshold = two_modes(neighbours.log10_eta).threshold
        clusters = nearest_neighbour_clusters(used, threshold=threshold, min_size=size or 2)
    elif method == "hdbscan":
        clusters = hdbscan(space_time(used, km_per_day=km_per_day), size or 20)
    else:
        clusters = k_means(space_time(used, km_per_day=km_per_day), number, np.random.default_rng(seed))
    return ClusterStudy(region, as_of, float(min_magnitude), used, method, clusters, neighbours, threshold)


def write_clusters(
    study: ClusterStudy, folder: Path, *, language: str = "en", anomaly: "Strangeness | None" = None
) -> Sequence[str]:
    """Write clusters.csv and the pictures; returns the names of the files.

    Raises
    ------
    SourceError
        When the folder cannot be written to.
    """
    from houfeng.reports import cluster_plots as draw

    about = draw.About(
        study.region.title(language), study.min_magnitude, study.as_of, study.catalog.provenance.source, language
    )
    pictures = {
        "clusters.png": draw.cluster_map(
            study.catalog, study.clusters, study.main_shocks, study.region, method=study.method, about=about
        )
    }
    if study.neighbours is not None and np.isfinite(study.neighbours.log10_eta).any():
        pictures["neighbours.png"] = draw.neighbour_plot(study.neighbours, study.threshold, about=about)
    if anomaly is not None:
        pictures["anomaly.png"] = draw.anomaly_plot(
            anomaly.times,
            anomaly.score,
            anomaly.level,
            trained_until=anomaly.trained_until,
            catalog=study.catalog,
            about=about,
        )
        write_text(folder / "anomaly.csv", anomaly.csv())
    write_text(folder / "clusters.csv", _table(study))
    for name, picture in pictures.items():
        write_bytes(folder / name, picture)
    return ["clusters.csv", *(["anomaly.csv"] if anomaly is not None else []), *pictures]


def _table(study: ClusterStudy) -> str:
    """One line for each earthquake; clusters are numbered from 1, and what is in none has no number."""
    catalog, label, parents, shocks = study.catalog, study.clusters.label, study.parents, study.main_shocks
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in range(len(catalog)):
        own, parent = int(label[row]), int(parents[row])
        depth = catalog.depth_km[row]
        writer.writerow([
            catalog.event_id[row],
            f"{catalog.time[row].astype('datetime64[ms]')}Z",
            f"{catalog.longitude[row]:.4f}",
            f"{catalog.latitude[row]:.4f}",
            "" if np.isnan(depth) else f"{depth:.1f}",
            f"{catalog.magnitude[row]:.2f}",
            own + 1 if own >= 0 else "",
            catalog.event_id[shocks[own]] if own >= 0 else "",
            catalog.event_id[parent] if parent >= 0 else "",
            f"{study.neighbours.log10_eta[row]:.3f}" if parent >= 0 else "",
        ])  # fmt: skip
    return stream.getvalue()
