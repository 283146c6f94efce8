"""CSEP consistency of daily forecasts: 100 days of ComCat_25's test years, 10,000 catalogues each, with the champion.

The model is the one `houfeng forecast` uses, through its own classes: fitted on what was known on 2007-01-01, then
only told of what happened since. Days are drawn with a stated seed from 2007-01-01 to the end of the catalogue, each
forecast at midnight from what had been published. Tests are those of Savran and others (2020) at the level of 5 %,
in cells of 0.1 degrees; M is in the form that resamples the observed number. A day without earthquakes has no S nor
M. The band is that within which the number of passes lies with 99 % probability if the forecasts are right.

Expected over observed is of every day: the sum of what each day's forecast expects (a few hundred catalogues
each) over what came, with an interval from resampling 30-day blocks. ``--every N`` takes every N-th day of them.
"""

import argparse
import csv
import gzip
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from harness import Figure, peak_mb, report

from houfeng.catalogs.catalog import Catalog
from houfeng.evaluation.binned import bin_catalogs
from houfeng.evaluation.calibration import calibration_test, passing_band, randomised_quantile
from houfeng.evaluation.simulated import catalog_number_test, catalog_spatial_test, resampled_magnitude_test
from houfeng.forecasts.gridded import magnitude_bins
from houfeng.models.adaptive.model import AdaptiveEtas, FittedAdaptiveEtas
from houfeng.models.adaptive.past import Past
from houfeng.models.adaptive.simulate import simulate
from houfeng.models.etas.preparation import Sources
from houfeng.regions import Region
from houfeng.times import Window, to_datetime64
from houfeng.values import Provenance

SEED, DAYS, CATALOGS = 20070101, 100, 10_000
LEARN_UNTIL, LEARN_FROM = datetime(2007, 1, 1, tzinfo=UTC), datetime(1981, 1, 1, tzinfo=UTC)
MC, LOCATION_ERROR_KM = 2.5, 0.1
RESAMPLES, BLOCK_DAYS, FEW_CATALOGS = 10_000, 30, 200


def read(folder: Path) -> tuple[Catalog, Region]:
    """The catalogue and its region."""
    with gzip.open(folder / "ComCat_25.csv.gz", "rt") as stream:
        rows = list(csv.DictReader(stream))
    columns = {name: np.array([float(r[name]) for r in rows]) for name in ("longitude", "latitude", "magnitude")}
    moments = np.array([r["time"] for r in rows], "datetime64[us]")
    end = datetime.fromisoformat(str(moments[-1].astype("datetime64[D]"))).replace(tzinfo=UTC) + timedelta(days=1)
    ring = np.load(folder / "ComCat_25_shape.npy")[:, ::-1]
    closed = np.array_equal(ring[0], ring[-1])
    region = Region(name="comcat", rings=(ring[:-1] if closed else ring,), cell_deg=0.1, corner_magnitude=8.0)
    return Catalog.of(time=moments, **columns, provenance=Provenance("ComCat_25", "EarthquakeNPP", end)), region


def say(text: str) -> None:
    """Progress, with CPU seconds."""
    print(f"  [{time.process_time():7.1f} CPU-s] {text}", flush=True)


class Days:
    """Forecasts of single days by one fitted model, which is told of all that came before each."""

    def __init__(self, fitted: FittedAdaptiveEtas, catalog: Catalog, region: Region) -> None:
        self.fitted, self.catalog, self.region = fitted, catalog, region
        self.inside = catalog.within(region).above(MC)
        self.sources = fitted.sources(catalog)
        self.judged = fitted.judged(self.sources)

    def known(self, start: datetime) -> tuple[Sources, Past]:
        """What is known at `start`: the first so many earthquakes, each as it was judged when it came."""
        events = self.sources.events.as_of(start)
        cut = {name: getattr(self.sources, name)[: len(events)] for name in ("days", "m", "xyz_km", "inside")}
        sources = replace(self.sources, events=events, **cut)
        return sources, self.judged.until(len(events), sources.known_until_day)

    def observed(self, window: Window) -> Catalog:
        """What came."""
        time = self.inside.time
        return self.inside.select((time >= to_datetime64(window.start)) & (time < to_datetime64(window.end)))


def tested(days: Days, window: Window, rng: np.random.Generator) -> dict[str, object]:
    """N, S and M of one day."""
    sources, past = days.known(window.start)
    forecast = days.fitted.outlook(sources, past, window, rng).simulated(rng, CATALOGS)
    binned = bin_catalogs(forecast, days.region.grid(), magnitude_bins(MC))
    came = days.observed(window)
    results = {"N": catalog_number_test(binned, came)}
    if len(came):
        results["M"] = resampled_magnitude_test(binned, came, rng)
        if catalog_reaches(binned, came):
            results["S"] = catalog_spatial_test(binned, came)
    return results


def catalog_reaches(binned, came: Catalog) -> bool:
    """Whether any simulated catalogue has an earthquake in a cell where one came."""
    cell = binned.grid.index_of(longitude=came.longitude, latitude=came.latitude)
    return bool(np.isin(cell[cell >= 0], binned.cell).any())


def expected_and_observed(days: Days, every: int) -> tuple[np.ndarray, np.ndarray]:
    """What was expected of each day by the best parameters, and what came."""
    starts = [LEARN_UNTIL + timedelta(days=k) for k in range(0, _test_days(days.catalog), every)]
    expected, observed = [], []
    for number, start in enumerate(starts):
        window = Window(start, start + timedelta(days=1))
        sources, past = days.known(start)
        setup = days.fitted.best_setup(sources, past, window)
        batch = simulate(setup, FEW_CATALOGS, SEED + number)
        first = (start - sources.origin).total_seconds() / 86_400
        expected.append(float((batch.days >= first).sum()) / FEW_CATALOGS)
        observed.append(len(days.observed(window)))
        if number % 200 == 0:
            say(f"{start:%Y-%m-%d}: {sum(expected):,.0f} expected, {sum(observed):,} came")
    return np.array(expected), np.array(observed)


def _test_days(catalog: Catalog) -> int:
    return (catalog.provenance.data_end - LEARN_UNTIL).days


def ratio(expected: np.ndarray, observed: np.ndarray, per_block: int) -> list[Figure]:
    """Expected over observed, and its 95 % interval by resampling blocks."""
    blocks = np.arange(len(expected)) // per_block
    e, o = np.bincount(blocks, expected), np.bincount(blocks, observed)
    picks = np.random.default_rng(SEED).integers(0, len(e), (RESAMPLES, len(e)))
    low, high = np.quantile(e[picks].sum(axis=1) / o[picks].sum(axis=1), [0.025, 0.975])
    value = float(e.sum() / o.sum())
    return [
        Figure("expected_over_observed", value, "", 0.90, True),
        Figure("expected_over_observed_at_most", value, "", 1.10),
        Figure("expected_over_observed_low", float(low), "", peer="95 %, 30-day blocks"),
        Figure("expected_over_observed_high", float(high)),
        Figure("days_summed", float(len(expected))),
    ]


def passes(results: list[dict[str, object]], rng: np.random.Generator) -> list[Figure]:
    """How many days pass each test, of how many, and its band."""
    figures = []
    for test, peer in (("N", "published ETAS 97 of 100"), ("S", "published ETAS 93"), ("M", "published ETAS 95")):
        of_test = [r[test] for r in results if test in r]
        low, high = passing_band(len(of_test))
        passed = sum(r.passes() for r in of_test)
        quantiles = [randomised_quantile(r, rng) for r in of_test]
        uniform = calibration_test(quantiles)
        figures += [
            Figure(f"{test}.passed", passed, f"of {len(of_test)}", low, True, peer),
            Figure(f"{test}.passed_at_most", passed, "", high),
            Figure(f"{test}.calibration_p", uniform.p_value, "", peer="Kolmogorov-Smirnov, randomised quantiles"),
        ]
    unsampled = sum(r["S"].n_unsampled for r in results if "S" in r)
    return [*figures, Figure("S.earthquakes_in_cells_no_catalogue_reached", float(unsampled))]


def main() -> None:
    given = arguments()
    catalog, region = read(given.shared / "forecasting")
    model = AdaptiveEtas(min_magnitude=MC, start=LEARN_FROM, location_error_km=LOCATION_ERROR_KM, margin_km=0.0)
    fitted = model.fit(catalog.as_of(LEARN_UNTIL), region)
    say(f"fitted: branching {fitted.branching:.2f} in a year, vigour {fitted.vigour_shape:.2f}")
    days = Days(fitted, catalog, region)
    say("every later earthquake judged by those before it")
    rng = np.random.default_rng(SEED)
    picked = np.sort(rng.choice(_test_days(catalog), DAYS, replace=False))
    results, begun = [], time.process_time()
    for number, k in enumerate([] if given.only_sum else picked):
        start = LEARN_UNTIL + timedelta(days=int(k))
        results.append(tested(days, Window(start, start + timedelta(days=1)), rng))
        if number % 10 == 9:
            say(f"{number + 1} of {DAYS} days")
    each = (time.process_time() - begun) / DAYS
    figures = passes(results, rng) if results else []
    if not given.only_tests:
        figures += ratio(*expected_and_observed(days, given.every), max(1, BLOCK_DAYS // given.every))
    figures += [Figure("cpu_s_per_day", each, "s"), Figure("peak_mb", peak_mb(), "MB")]
    report("csep_days", figures, given.json)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="CSEP tests of daily forecasts of ComCat.")
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--shared", type=Path, default=beside, help="folder of the shared data sets")
    parser.add_argument("--every", type=int, default=1, help="of the sum over all days, take every N-th")
    parser.add_argument("--only-sum", action="store_true", help="leave out the tests of 100 days")
    parser.add_argument("--only-tests", action="store_true", help="leave out the sum over all days")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
