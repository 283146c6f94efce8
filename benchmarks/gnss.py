"""Steps of GNSS stations against a direct estimate, scatter without the common mode, gravity steps of SIMULATED series.

``python benchmarks/gnss.py [--shared DIR] [--json]``. The direct estimate knows nothing of the package: the mean of
ten days after less the mean of ten days before, the days of the earthquakes left out, and its standard deviation from
the same difference at 200 dates without an earthquake. Steps are searched for without being told when. A step counts
as clear when the direct estimate is beyond three of its standard deviations.
"""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from harness import Figure, arguments, report, stopwatch

from houfeng.geodesy.common_mode import remove_common_mode
from houfeng.geodesy.gravity import analyse_gravity
from houfeng.geodesy.offsets import detect_offsets
from houfeng.geodesy.outliers import clean
from houfeng.geodesy.reading import read_positions
from houfeng.geodesy.regressors import Decay, Step
from houfeng.geodesy.simulated import GravityTruth, simulate_gravity
from houfeng.geodesy.trajectory import TrajectoryModel, fit_trajectory

#: Name: times of the shocks (USGS).
EARTHQUAKES = {
    "Ridgecrest": (datetime(2019, 7, 4, 17, 34, tzinfo=UTC), datetime(2019, 7, 6, 3, 20, tzinfo=UTC)),
    "El Mayor": (datetime(2010, 4, 4, 22, 41, tzinfo=UTC),),
}
DAYS, N_QUIET, N_GRAVITY = 10, 200, 200
WAYS = ("E", "N")


def read_plainly(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Days and (east, north) in mm, without the package."""
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    days = np.array([row["Date"] for row in rows], "datetime64[D]")
    return days, np.array([[float(row[f"{way} (mm)"]) for row in rows] for way in ("East", "North")])


def direct(days: np.ndarray, moved: np.ndarray, first: np.datetime64, last: np.datetime64) -> np.ndarray:
    """Mean after less mean before, shape (2,); NaN with fewer than five days on a side."""
    before = (days < first) & (days >= first - DAYS)
    after = (days > last) & (days <= last + DAYS)
    if min(before.sum(), after.sum()) < 5:
        return np.full(2, np.nan)
    return moved[:, after].mean(axis=1) - moved[:, before].mean(axis=1)


def direct_sigma(days: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Robust spread of the same difference at quiet dates, shape (2,)."""
    events = [np.datetime64(times[0].date()) for times in EARTHQUAKES.values()]
    quiet = [d for d in np.linspace(30, len(days) - 30, N_QUIET).astype(int)
             if all(abs(days[d] - event) > np.timedelta64(60, "D") for event in events)]  # fmt: skip
    drawn = np.array([direct(days, moved, days[d], days[d] + 2) for d in quiet])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    return 1.4826 * np.median(np.abs(drawn - np.median(drawn, axis=0)), axis=0)


def compare(name: str, path: Path, offsets, say) -> list[dict]:
    """Rows of one earthquake at one station: direct and found, by component."""
    times = EARTHQUAKES[name]
    days, moved = read_plainly(path)
    expected = direct(days, moved, np.datetime64(times[0].date()), np.datetime64(times[-1].date()))
    if np.isnan(expected).any():
        return []
    sigma = direct_sigma(days, moved)
    near = [o for o in offsets if times[0] - timedelta(days=3) <= o.time <= times[-1] + timedelta(days=3)]
    found = max(near, key=lambda o: o.score, default=None)
    # A step within the shocks has no error; outside, the distance to the nearest.
    error = np.nan if found is None else max(
        0.0, (times[0] - found.time) / timedelta(days=1), (found.time - times[-1]) / timedelta(days=1))  # fmt: skip
    rows = []
    for c, way in enumerate(WAYS):
        size = None if found is None else found.size_mm[c]
        clear = bool(abs(expected[c]) > 3 * sigma[c])
        rows.append({"clear": clear, "found": found is not None, "days": error,
                     "difference": np.nan if size is None else abs(size.value - expected[c])})  # fmt: skip
        said = "-" if size is None else f"{size.value:6.2f} ± {(size.high - size.low) / 2:.2f} on {found.time:%Y-%m-%d}"
        say(f"{name:10s} {path.name.split('.')[1]} {way}  {expected[c]:7.2f} ± {1.96 * sigma[c]:.2f}   {said}"
            f"   {'clear' if clear else 'within the noise'}")  # fmt: skip
    return rows


def steps_of(files: list[Path], say) -> tuple[dict[str, list[dict]], int, float]:
    """Rows by earthquake, steps found that belong to neither, and years searched."""
    rows: dict[str, list[dict]] = {name: [] for name in EARTHQUAKES}
    others, years = 0, 0.0
    for file in files:
        positions, _ = clean(read_positions(file).positions)
        offsets = detect_offsets(positions)
        years += (positions.time[-1] - positions.time[0]) / np.timedelta64(1, "D") / 365.25
        for name in EARTHQUAKES:
            rows[name] += compare(name, file, offsets, say)
        others += sum(
            all(abs(o.time - times[-1]) > timedelta(days=4) for times in EARTHQUAKES.values()) for o in offsets
        )
    return rows, others, years


def common_mode_of(files: list[Path], say) -> float:
    """Median over stations and components of scatter after over before, in per cent."""
    steps = tuple(Step(moment) for times in EARTHQUAKES.values() for moment in times)
    model = TrajectoryModel(steps, (Decay(EARTHQUAKES["Ridgecrest"][1]),))
    fitted = []
    for file in files:
        positions, _ = clean(read_positions(file).positions)
        found = tuple(Step(o.time, "", "unknown") for o in detect_offsets(positions, model))
        fitted.append(fit_trajectory(positions, TrajectoryModel((*steps, *found), model.decays)))
    cleaned = remove_common_mode(fitted)
    before, after = cleaned.scatter_mm(False)[:2], cleaned.scatter_mm(True)[:2]
    for s, name in enumerate(cleaned.stations):
        say(f"scatter {name}  E {before[0, s]:.2f} -> {after[0, s]:.2f}   N {before[1, s]:.2f} -> {after[1, s]:.2f} mm")
    return float(100 * np.median(after / before))


def gravity_steps(say) -> tuple[float, float]:
    """Per cent of SIMULATED steps within their 95 % interval, and mean standard deviation in microgal."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    hits, sigmas, errors = [], [], []
    for seed in range(N_GRAVITY):
        rng = np.random.default_rng(seed)
        truth = GravityTruth(float(rng.uniform(-5, 5)), start + timedelta(days=float(rng.uniform(10, 50))))
        series = simulate_gravity(truth, rng, start=start)
        step = analyse_gravity(series, steps=[truth.step_time]).steps[0][1]
        hits.append(step.low <= truth.step_ugal <= step.high)
        errors.append(step.value - truth.step_ugal)
        sigmas.append((step.high - step.low) / (2 * 1.959964))
    say(f"SIMULATED gravity, {N_GRAVITY} series of 60 days: rms error {np.std(errors):.3f} microgal")
    return 100 * float(np.mean(hits)), float(np.mean(sigmas))


def main() -> None:
    """Measure and print."""
    given = arguments(__doc__.splitlines()[0])
    files = sorted((given.shared / "geodesy" / "daily").glob("*.csv"))
    with stopwatch() as watch:
        rows, others, years = steps_of(files, print)
    ratio = common_mode_of(files, print)
    coverage, sigma = gravity_steps(print)
    ridgecrest = [row for row in rows["Ridgecrest"] if row["clear"]]
    mayor = [row for row in rows["El Mayor"] if row["clear"]]
    figures = [
        Figure("Ridgecrest: clear steps (station and component)", len(ridgecrest)),
        Figure("Ridgecrest: clear steps found", sum(row["found"] for row in ridgecrest), "", len(ridgecrest), True),
        Figure("Ridgecrest: largest error of the day", max(row["days"] for row in ridgecrest), "days", 1.0),
        Figure("Ridgecrest: largest difference of size, clear", max(r["difference"] for r in ridgecrest), "mm", 2.0),
        Figure("El Mayor: clear steps", len(mayor)),
        Figure("El Mayor: clear steps found", sum(row["found"] for row in mayor)),
        Figure("other steps found, per 10 station-years", 10 * others / years),
        Figure("scatter after common mode / before, median", ratio, "%"),
        Figure("SIMULATED gravity steps within their 95 % interval, at least", coverage, "%", 90.0, True),
        Figure("SIMULATED gravity steps within their 95 % interval, at most", coverage, "%", 99.0),
        Figure("SIMULATED gravity step, standard deviation", sigma, "microgal"),
        Figure("read, clean and search 8 stations", watch.cpu_s, "s CPU", 15.0),
    ]
    report("gnss", figures, given.json)


if __name__ == "__main__":
    main()
