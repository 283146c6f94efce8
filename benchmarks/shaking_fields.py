"""Fields of shaking: correlated draws at 100,000 sites, conditioning on stations, chance of intensity in Chile.

Skill is that of recordings of real earthquakes foretold from all the others, against BSSA14 with its mean error
taken off. CPU seconds are those of all threads; code is compiled before the clocks start.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from harness import Figure, arguments, peak_mb, report, stopwatch

from houfeng.earthquake import Earthquake
from houfeng.forecasts import Counts, Explanation, Forecast, GriddedForecast, Issue, magnitude_bins
from houfeng.regions import Region
from houfeng.shaking.conditioning import condition, leave_out
from houfeng.shaking.field import ShakingField
from houfeng.shaking.forecast import chance_of_intensity
from houfeng.shaking.gmm import find_model
from houfeng.shaking.intensity import chance_of_at_least, mmi_of
from houfeng.shaking.motion import Motion
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites
from houfeng.shaking.station_files import read_stations
from houfeng.shaking.stations import Stations
from houfeng.times import Window

MEASURES = ("PGA", "PGV", "SA(1.0)")
SITES, DRAWS, SEED = 100_000, 100, 20150916
ONE_THREAD = "set OPENBLAS_NUM_THREADS=1 on a busy machine: threads wait for each other"
ILLAPEL = Earthquake("illapel", datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC), -71.67, -31.57, 22.4, 8.3)
NAPA = "nc72282711/data"
MODEL = find_model("BSSA14")()

#: Ten cities of Chile: longitude, latitude, Vs30.
CITIES = (
    *((-70.32, -18.48, 400), (-70.15, -20.21, 450), (-70.40, -23.65, 500), (-70.33, -27.37, 400)),
    *((-71.25, -29.95, 360), (-71.62, -33.05, 400), (-70.65, -33.45, 450), (-72.10, -35.43, 350)),
    *((-73.05, -36.82, 300), (-72.94, -41.47, 400)),
)


def motion_of(earthquake: Earthquake, sites: Sites, measures=("PGA", "PGV")) -> Motion:
    rupture = Rupture.point(earthquake)
    return MODEL.motion(rupture, rupture.distances(sites), sites, tuple(measures))


def chile_forecast(cell_deg: float) -> Forecast:
    """A week at a steady rate of 3 M>=4.5 with b = 1, uneven in space; numbers clustered."""
    region = Region.named("chile")
    rng = np.random.default_rng(SEED)
    grid = Region(name="chile", rings=region.rings, cell_deg=cell_deg, source="benchmark").grid()
    magnitudes = magnitude_bins(4.5)
    rates = rng.gamma(0.5, 1.0, len(grid))[:, None] * 10 ** -(magnitudes - 4.5)
    rates *= 3.0 / rates.sum()
    start = datetime(2015, 9, 16, tzinfo=UTC)
    samples = rng.poisson(rng.gamma(2.0, 1.5, 10_000))[:, None]
    return Forecast(
        Issue("benchmark", "chile", start, start, "PROSPECTIVE (as issued)", "made up"),
        GriddedForecast(grid, Window.after(start, timedelta(days=7)), magnitudes, rates),
        Counts(magnitudes[:1], np.array([3.0]), samples, np.ones((1, 1))),
        Explanation(1.0),
    )


def fields(rng: np.random.Generator) -> list[Figure]:
    sites = Sites.of(longitude=rng.uniform(-72, -69, SITES), latitude=rng.uniform(-32, -29, SITES))
    field = ShakingField(ILLAPEL, sites, motion_of(ILLAPEL, sites, MEASURES), "BSSA14")
    small = ShakingField(
        ILLAPEL, sites.select(slice(9)), motion_of(ILLAPEL, sites.select(slice(9)), MEASURES), "BSSA14"
    )
    small.realisations(2, rng, method="grid")  # compile
    before = peak_mb()
    with stopwatch() as watch:
        samples = field.realisations(DRAWS, rng)
    memory = peak_mb()
    with stopwatch() as felt:
        mmi_of(samples)
    with stopwatch() as chance:
        chance_of_at_least(field.motion, np.array([6.0]))
    return [
        Figure("fields_cpu_s", watch.cpu_s, "s", 3.0, peer="5,000 sites x 100: 5 to 11 s (hazardlib)"),
        Figure("fields_wall_s", watch.wall_s, "s"),
        Figure("fields_peak_mb", memory, "MB", 1000.0),
        Figure("fields_peak_before_mb", before, "MB"),
        Figure("mmi_of_fields_cpu_s", felt.cpu_s, "s"),
        Figure("chance_of_vi_100k_sites_cpu_s", chance.cpu_s, "s"),
        spread(field, samples),
    ]


def spread(field: ShakingField, samples: dict[str, np.ndarray]) -> Figure:
    """Variance of the draws within earthquakes over all sites, against that of the model."""
    logs = np.log(samples["PGV"].astype(float)) - field.motion.mean_ln[:, 1]
    share = field.motion.within[:, 1].mean() / field.motion.total[:, 1].mean()
    return Figure(
        "pgv_sigma_drawn_over_asked",
        float(logs.std() / field.motion.total[:, 1].mean()),
        peer=f"within alone: {share:.2f}",
    )


def conditioned(rng: np.random.Generator) -> list[Figure]:
    sites = Sites.of(longitude=rng.uniform(-72, -69, SITES), latitude=rng.uniform(-32, -29, SITES))
    where = Sites.of(longitude=rng.uniform(-72, -69, 500), latitude=rng.uniform(-32, -29, 500))
    expected = motion_of(ILLAPEL, where, MEASURES)
    noise = expected.total * rng.standard_normal(expected.mean_ln.shape)
    values = {m: np.exp(expected.mean_ln + noise)[:, j] for j, m in enumerate(MEASURES)}
    stations = Stations.of(sites=where, values=values, sigma_ln=0.1, simulated=True)
    figures = []
    for n in (10_000, SITES):
        part = sites.select(slice(n))
        field = ShakingField(ILLAPEL, part, motion_of(ILLAPEL, part, MEASURES), "BSSA14")
        with stopwatch() as watch:
            found = condition(field, stations, expected)
        figures.append(Figure(f"condition_{n}_sites_500_stations_cpu_s", watch.cpu_s, "s", peer=ONE_THREAD))
    with stopwatch() as watch:
        found.realisations(DRAWS, rng)
    figures.append(Figure("conditioned_fields_cpu_s", watch.cpu_s, "s", peer=ONE_THREAD))
    return figures


def quads(path: Path) -> list[np.ndarray]:
    """Closed polygons of a ShakeMap fault file: longitude, latitude, depth_km; turned so that they dip to the right."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    pieces = "\n".join(lines).split(">")
    rows = [[line.split()[:3] for line in piece.splitlines() if line.strip()] for piece in pieces]
    found = [np.array(piece, float)[:4] for piece in rows if len(piece) >= 4]
    return [quad[[1, 0, 3, 2]] if leans_left(quad) else quad for quad in found]


def leans_left(quad: np.ndarray) -> bool:
    along, down = quad[1, :2] - quad[0, :2], quad[3, :2] - quad[0, :2]
    return along[0] * down[1] - along[1] * down[0] > 0


def skill(shared: Path) -> list[Figure]:
    """Northridge and South Napa, each station left out."""
    figures = []
    for name, file, fault, quake in (
        ("northridge", "northridge/hist_dat.xml", "northridge/northridge_fault.txt", (-118.5357, 34.213, 18.0, 6.7)),
        ("napa", f"{NAPA}/stationlist.xml", f"{NAPA}/boat_fault.txt", (-122.3123, 38.2152, 11.1, 6.0)),
    ):
        longitude, latitude, depth, magnitude = quake
        earthquake = Earthquake(name, ILLAPEL.time, longitude, latitude, depth, magnitude)
        stations = read_stations(shared / "shaking" / file).of_measures(("PGA", "PGV")).with_noise(0.1)
        rupture = Rupture.from_quads(earthquake, quads(shared / "shaking" / fault))
        distances = rupture.distances(stations.sites)
        near = np.flatnonzero(stations.observed.any(axis=1) & (distances.rrup_km < 300))
        stations = stations.select(near)
        expected = MODEL.motion(rupture, distances.select(near), stations.sites, ("PGA", "PGV"))
        found = leave_out(stations.without_outliers(expected), expected)
        prior = found.prior_error - np.nanmean(found.prior_error, axis=0)
        for j, measure in enumerate(found.measures):
            rms, plain = (float(np.sqrt(np.nanmean(part[:, j] ** 2))) for part in (found.error, prior))
            figures.append(Figure(f"{name}_{measure}_left_out_rms_ln", rms, peer=f"BSSA14, bias off: {plain:.3f}"))
        inside = np.abs(found.error) < 1.6449 * found.sigma
        seen = np.isfinite(found.error)
        figures.append(Figure(f"{name}_inside_90_percent", float(inside[seen].mean()), peer="0.90 wanted"))
    return figures


def forecasts() -> list[Figure]:
    longitude, latitude, vs30 = np.array(CITIES).T
    places = Sites.of(longitude=longitude, latitude=latitude, vs30_mps=vs30)
    figures = []
    for cell_deg in (0.2, 0.1):
        forecast = chile_forecast(cell_deg)
        with stopwatch() as watch:
            found = chance_of_intensity(forecast, places, motion_of)
        figures += [
            Figure(f"chance_of_vi_chile_{cell_deg}_deg_cpu_s", watch.cpu_s, "s", 2.0),
            Figure(f"cells_{cell_deg}_deg", len(forecast.gridded.grid)),
        ]
    deep = np.random.default_rng(SEED).uniform(10, 120, len(forecast.gridded.grid))
    with stopwatch() as watch:
        chance_of_intensity(forecast, places, motion_of, depth_km=deep)
    figures.append(Figure("chance_of_vi_chile_12_depths_cpu_s", watch.cpu_s, "s", 2.0))
    low, chance, high = (100 * float(part[4, 0]) for part in (found.low, found.chance, found.high))
    figures.append(Figure("chance_of_vi_in_la_serena_percent", chance, peer=f"90 % interval {low:.2g} to {high:.2g}"))
    return figures


def main() -> None:
    given = arguments(__doc__.splitlines()[0])
    rng = np.random.default_rng(SEED)
    report("shaking_fields", fields(rng) + conditioned(rng) + skill(given.shared) + forecasts(), given.json)


if __name__ == "__main__":
    main()
