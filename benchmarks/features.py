"""Speed of the as-of table: California, 7,682 cells, 1,400 weeks, the earthquakes of ComCat_25; maps and sequences too.

The table is built from scratch in one process on one thread. CPU seconds exclude the first compilation.
"""

import os

os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from harness import Figure, arguments, peak_mb, read_earthquakenpp, report, stopwatch

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError
from houfeng.features.images import seismicity_maps
from houfeng.features.proof import prove
from houfeng.features.scaling import Pca, Scaling
from houfeng.features.seismicity import standard_features
from houfeng.features.sequences import last_events_near
from houfeng.features.table import build_table
from houfeng.regions import Region
from houfeng.times import from_datetime64, parse_time
from houfeng.values import Provenance

MC, WEEKS, PAIRS, SEED = 2.5, 1400, 20_000, 5
END = "2020-01-17T00:00Z"


def main() -> None:
    given = arguments(__doc__.splitlines()[0])
    data = read_earthquakenpp(given.shared / "forecasting" / "ComCat_25.csv.gz")
    rng = np.random.default_rng(SEED)
    catalog = Catalog.of(
        time=data.time, longitude=data.longitude, latitude=data.latitude, magnitude=data.magnitude,
        depth_km=rng.uniform(0, 20, len(data.time)),  # the file has none: only the speed matters here
        provenance=Provenance("EarthquakeNPP ComCat_25", "MIT", parse_time(END)),
    )  # fmt: skip
    grid, features = Region.named("california").grid(), standard_features(MC)
    week = np.timedelta64(7 * 86_400_000_000, "us")
    times = np.datetime64(END.removesuffix("Z"), "us") - np.arange(WEEKS)[::-1] * week
    build_table(catalog.select(np.arange(100)), grid, times[:2], features)
    with stopwatch() as building:
        table = build_table(catalog, grid, times, features)
    with stopwatch() as inference:
        build_table(catalog, grid, times[-1:], features)
    with stopwatch() as scaling_watch:
        scaling = Scaling.fit(table, until=from_datetime64(times[1000]))
        rows = scaling.training_rows(table)
        Pca.fit(rows, 8)
    table_mb = table.matrix(table.names[:1]).nbytes * len(table.names) / 1e6
    del table, rows
    with stopwatch() as maps_watch:
        maps = seismicity_maps(catalog, grid, times, min_magnitude=MC, margin=8)
    cells, moments = rng.integers(len(grid), size=PAIRS), rng.integers(WEEKS, size=PAIRS)
    with stopwatch() as patches_watch:
        maps.patches(moments, cells, 17)
    last_events_near(catalog, times[:1], cells[:1], grid, 5, min_magnitude=MC, radius_km=100.0)
    with stopwatch() as sequences_watch:
        last_events_near(catalog, times[moments], cells, grid, 64, min_magnitude=MC, radius_km=100.0)
    figures = [
        Figure("table_cpu_s", building.cpu_s, "s", 120.0),
        Figure("table_columns", len(scaling.names), "", 25, at_least=True),
        Figure("table_mb", table_mb, "MB"),
        Figure("one_moment_all_cells_cpu_s", inference.cpu_s, "s", 1.0),
        Figure("scaling_and_pca_cpu_s", scaling_watch.cpu_s, "s"),
        Figure("maps_1400_cpu_s", maps_watch.cpu_s, "s"),
        Figure("patches_20000_cpu_s", patches_watch.cpu_s, "s"),
        Figure("sequences_20000_cpu_s", sequences_watch.cpu_s, "s"),
        Figure("columns_that_saw_the_future", saw_the_future(catalog, grid, times, rng), "", 0),
        Figure("peak_mb", peak_mb(), "MB"),
    ]
    report("features", figures, given.json)


def saw_the_future(catalog: Catalog, grid, times: np.ndarray, rng: np.random.Generator) -> int:
    """Families of standard features that fail the proof at one moment."""
    caught = 0
    for feature in standard_features(MC):
        try:
            prove(catalog, grid, times[700:701], [feature], rng)
        except FutureError:
            caught += 1
    return caught


if __name__ == "__main__":
    main()
