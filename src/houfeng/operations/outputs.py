"""The files of a run: each appears whole under its name, or not at all."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import SourceError
from houfeng.operations.compare import Comparison
from houfeng.operations.document import read_estimate
from houfeng.operations.forecast import ForecastProduct
from houfeng.operations.plan import Plan
from houfeng.operations.training import BASELINE
from houfeng.reports.headlines import middle_horizon
from houfeng.times import DAY_S, parse_time

#: Magnitudes of the tables and of the cells in GeoJSON, where above completeness; the smallest is added.
TABLED = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)
MAPPED = (5.0, 6.0, 7.0)

#: At most so many simulated catalogues are written for each moment: a set after a great shock is large.
WRITTEN_CATALOGS = 1000

#: The timeline goes back until it shows this many earthquakes, or ten years.
SHOWN = 30

#: Where the files of the chain are, below the folder of a run.
CHAIN = "chain"

#: A window up to this long is drawn; a longer one is in the tables.
DRAWN = timedelta(days=31)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to, beside `path`; what was written takes its place at the end of the block.

    Raises
    ------
    SourceError
        When the folder cannot be made or the file cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield aside
            with aside.open("rb+") as file:
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"cannot write {path}: {error.strerror or error}; free some space or give another --out"
        ) from error


def check_folder(folder: Path) -> None:
    """Learn before the work, not after it, that nothing can be written to `folder`; it is made where it is missing.

    Raises
    ------
    SourceError
        As `replacing`.
    """
    with replacing(folder / ".tried") as aside:
        aside.write_bytes(b"")
    (folder / ".tried").unlink()


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole."""
    with replacing(path) as aside:
        aside.write_bytes(content)


def folder_name(moment: datetime) -> str:
    """Name of the folder of one as-of time."""
    return f"{moment:%Y-%m-%dT%H%M%SZ}"


def write_moment(plan: Plan, product: ForecastProduct, comparison: Comparison) -> list[str]:
    """Write tables, grids, simulated catalogues and maps of one moment.

    The first model gets every format, the tables have the long-term average too; ``forecast.json`` has all.

    Returns
    -------
    list of str
        Paths below the folder of the run.
    """
    folder = plan.folder / folder_name(product.as_of)
    for abandoned in folder.glob(".*.part"):  # of a run that was killed
        abandoned.unlink()
    primary = next((name for name in plan.models if name in product.trained.fitted), BASELINE)
    _write_tables(folder, product, primary)
    _write_grids(folder, product, primary)
    _write_simulated(folder, plan, product, primary)
    for name, picture in _maps(plan, product, comparison, primary).items():
        write_bytes(folder / name, picture)
    return sorted(str(path.relative_to(plan.folder)) for path in folder.iterdir() if path.is_file())


def _write_tables(folder: Path, product: ForecastProduct, primary: str) -> None:
    from houfeng.forecasts.table import forecast_table

    lowest = product.trained.min_magnitude
    magnitudes = sorted({lowest, *(m for m in TABLED if m > lowest)})
    tables = [
        forecast_table({horizon: product.forecasts[model, horizon] for horizon in product.horizons}, magnitudes)
        for model in dict.fromkeys((primary, BASELINE))
    ]
    for language, suffix in (("en", ""), ("zh", ".zh")):
        text = "\n\n".join(table.to_text(language) for table in tables)
        write_text(folder / f"table{suffix}.txt", text + "\n")


def _write_grids(folder: Path, product: ForecastProduct, primary: str) -> None:
    from houfeng.forecasts import csep, geojson, parquet

    middle = middle_horizon({name: length.total_seconds() for name, length in product.horizons.items()})
    for horizon, length in product.horizons.items():
        forecast, stem = product.forecasts[primary, horizon], f"{primary}-{horizon}"
        with replacing(folder / f"{stem}.parquet") as aside:
            parquet.write_gridded(forecast, aside)
        if length <= DRAWN:
            lowest = product.trained.min_magnitude
            magnitudes = sorted({lowest, *(m for m in MAPPED if m > lowest)})
            with replacing(folder / f"{stem}.geojson") as aside:
                geojson.write_geojson(forecast, magnitudes, aside)
        if horizon == middle:
            with replacing(folder / f"{stem}.dat") as aside:
                csep.write_gridded(forecast, aside, depth_max_km=product.region.depth_max_km)


def _write_simulated(folder: Path, plan: Plan, product: ForecastProduct, primary: str) -> None:
    from houfeng.forecasts import csep

    horizon = middle_horizon(plan.horizons_days)
    simulated = product.trained.fitted[primary].simulate(
        product.history,
        product.forecasts[primary, horizon].window,
        np.random.default_rng([plan.seed, plan.moments.index(product.as_of)]),
        min(plan.n_simulations, WRITTEN_CATALOGS),
    )
    with replacing(folder / f"{primary}-{horizon}-catalogs.csv") as aside:
        csep.write_catalogs(simulated, aside)


def write_report(plan: Plan, document: Mapping) -> None:
    """Draw the overview plots and write ``report.html`` from the document and the maps on disk."""
    from houfeng.reports.plots import count_plot, magnitude_time_plot
    from houfeng.reports.report import render_report

    moments = [parse_time(section["as_of"]) for section in document["forecasts"]]
    inside = plan.catalog.within(plan.region)
    start, end = timeline_span(inside, moments, min(DRAWN, max(plan.horizons.values())))
    overview = {
        "counts": count_plot(
            count_bars(document), magnitude=document["counts_magnitude"], baseline=document["baseline"]
        ),
        "timeline": magnitude_time_plot(
            inside,
            start=start,
            end=end,
            moments=moments,
            min_magnitude=document["min_magnitude"],
        ),
    }
    for name, picture in overview.items():
        write_bytes(plan.folder / f"{name}.png", picture)
    maps = {
        f"map {section['as_of']} {horizon}": path.read_bytes()
        for section in document["forecasts"]
        for horizon in plan.horizons
        if (path := plan.folder / folder_name(parse_time(section["as_of"])) / f"map-{horizon}.png").exists()
    }
    chain = _chain_pictures(plan.folder / CHAIN) if document.get("chain") else {}
    write_text(
        plan.folder / "report.html",
        render_report(document, overview | maps | chain, chain_folder(plan.folder / CHAIN)),
    )


def chain_folder(folder: Path):
    """What the page of a run links and reads beyond the document, of the files of a chain; none without `folder`."""
    from houfeng.reports.chain_page import ChainFolder

    names = tuple(sorted(path.name for path in folder.glob("[!.]*") if path.is_file()))
    read = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("damage", "plan")
        if f"{name}.json" in names
    }
    return ChainFolder(folder.name, names, **read)


def _chain_pictures(folder: Path) -> dict[str, bytes]:
    from houfeng.reports.chain_page import PICTURES, small_picture
    from houfeng.reports.messages import LANGUAGES

    return {
        f"chain {name} {language}": small_picture(path.read_bytes())
        for name in PICTURES
        for language in LANGUAGES
        if (path := folder / f"{name}-{language}.png").exists()
    }


def _maps(plan: Plan, product: ForecastProduct, comparison: Comparison, primary: str) -> dict[str, bytes]:
    from houfeng.reports.coastline import coastline
    from houfeng.reports.maps import forecast_map
    from houfeng.reports.scale import colour_range

    shock, coast, magnitude = plan.case.shock, coastline(), product.trained.min_magnitude
    return {
        f"map-{horizon}.png": forecast_map(
            product.forecasts[primary, horizon].gridded,
            product.region,
            magnitude=magnitude,
            colours=colour_range(product.forecasts[BASELINE, horizon].gridded.above(magnitude)),
            coast=coast,
            focus=None if shock is None else (shock.longitude, shock.latitude),
            observed=comparison.observed.get(horizon),
        )
        for horizon, length in product.horizons.items()
        if length <= DRAWN
    }


def count_bars(document: Mapping) -> list:
    """What the overview plot of a run draws: a bar for each moment, model and horizon."""
    from houfeng.reports.plots import CountBar

    days = {horizon["name"]: horizon["days"] for horizon in document["horizons"]}
    checks = {
        (section["as_of"], c["model"], c["horizon"], c["magnitude"]): c["observed"]
        for section in document["forecasts"]
        for c in section["observed"]["checks"]
    }
    return [
        CountBar(
            as_of=parse_time(section["as_of"]),
            model=row["model"],
            horizon_days=days[row["horizon"]],
            number=read_estimate(row["number"]),
            observed=checks.get((section["as_of"], row["model"], row["horizon"], row["magnitude"])),
        )
        for section in document["forecasts"]
        for row in section["table"]
        if row["magnitude"] == document["counts_magnitude"]
    ]


def timeline_span(catalog: Catalog, moments: list[datetime], after: timedelta) -> tuple[datetime, datetime]:
    """What the timeline shows: `after` the last moment as far as there are data, and enough before the first."""
    end = min(moments[-1] + after, max(catalog.provenance.data_end, moments[-1] + timedelta(days=1)))
    spans = (timedelta(days=days) for days in (30, 100, 365, 3653) if days * DAY_S > (end - moments[0]).total_seconds())
    for span in spans:
        if len(catalog.between(moments[0] - span, end)) >= SHOWN:
            return moments[0] - span, end
    return moments[0] - max(timedelta(days=3653), end - moments[0]), end
