"""What the forecasting commands have in common: from words on the command line to regions, data and times."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from houfeng.catalogs.catalog import Catalog
    from houfeng.config import Settings
    from houfeng.operations.kept import Kept
    from houfeng.operations.plan import Case, Plan
    from houfeng.regions import Region

#: What is run when nothing is asked for, the first drawn and explained.
DEFAULT_MODELS = "etas-adaptive,reasenberg-jones,smoothed,poisson"

#: Horizons of the table.
DEFAULT_HORIZONS = ("day", "week", "month", "year")

#: Cells of a user's polygon grow until there are no more than this.
MAX_CELLS = 40_000

RegionOption = Annotated[str, typer.Option("--region", help="Name of a region, or a GeoJSON file.")]
CatalogOption = Annotated[
    str, typer.Option("--catalog", help="Name of a bundled catalogue, or a file; by default that of the region.")
]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="Time of the forecast, with zone; by default the end of the data.")
]
HorizonOption = Annotated[
    list[str], typer.Option("--horizon", help="hour, day, week, month, year, 36h, 10d ...; may be repeated.")
]
MagnitudeOption = Annotated[
    float | None,
    typer.Option("--min-magnitude", help="Completeness magnitude; estimated from the past without it."),
]
ModelsOption = Annotated[str, typer.Option("--models", help="Names of models, the most trusted first.")]
FitOrKeptOption = Annotated[
    str,
    typer.Option(
        "--models",
        help="Models to fit, kept models (houfeng models list), files *.houfeng, or champion; most trusted first.",
    ),
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of every random draw.")]
SimulationsOption = Annotated[
    int | None,
    typer.Option(
        "--n-simulations", min=1, max=10_000_000, help="Simulated catalogues (by default that of the settings)."
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder for the results; by default runs/ and a name.")]


def plan_of(
    settings: Settings,
    *,
    region: str,
    catalog: str,
    as_of: Sequence[str],
    horizon: Sequence[str],
    min_magnitude: float | None,
    models: str,
    n_simulations: int | None,
    seed: int | None,
    out: Path | None,
    case: tuple[Case, tuple[datetime, ...]] | None = None,
) -> Plan:
    """The plan of a run from the words of its options; `case` brings its own moments."""
    from houfeng.operations.plan import Case, Plan

    horizons, where = horizons_of(horizon), region_of(region)
    names, kept = kept_of(models, where, settings)
    data = catalog_of(catalog, where, settings)
    if case is None:
        moments = tuple(moment_of(text, data) for text in as_of or [""])
        about = Case(f"{where.name}-{min(moments):%Y-%m-%dT%H%M%SZ}")
    else:
        about, moments = case
    return Plan(
        case=about,
        catalog=data,
        region=where,
        moments=moments,
        horizons=horizons,
        models=names,
        min_magnitude=min_magnitude,
        n_simulations=settings.forecast.n_simulations if n_simulations is None else n_simulations,
        seed=settings.forecast.seed if seed is None else seed,
        folder=Path("runs") / about.name if out is None else out,
        kept=kept,
    )


def region_of(text: str) -> Region:
    """A named region, or the polygon of a GeoJSON file with cells that suit its size."""
    from houfeng.regions import Region

    if text in Region.names() or Path(text).suffix.lower() not in (".json", ".geojson"):
        return Region.named(text)
    sizes = (0.1, 0.2, 0.5, 1.0, 2.0)
    rough = Region.from_geojson(text, cell_deg=sizes[-1])
    cells = rough.area_km2 / 111.2**2  # of one degree, at the equator
    fitting = (size for size in sizes if cells / size**2 <= MAX_CELLS)
    return Region.from_geojson(text, cell_deg=next(fitting, sizes[-1]))


def catalog_of(text: str, region: Region, settings: Settings) -> Catalog:
    """A bundled catalogue or a file; without a name the bundled one of the region, or the global one."""
    from houfeng.catalogs.bundled import bundled_names, load_bundled
    from houfeng.catalogs.reading import read_catalog
    from houfeng.errors import UnknownNameError

    names = bundled_names()
    if not text:
        text = region.name if region.name in names else "global"
    if text in names:
        catalog = load_bundled(text)
    elif Path(text).suffix or Path(text).exists():
        reading = read_catalog(text)
        catalog = reading.catalog
        for reason, count in reading.reasons.items():
            say(f"{text}: {count} rows kept out: {reason}")
    else:
        raise UnknownNameError("bundled catalogue (and no such file)", text, names)
    delay_s = settings.catalog.publication_delay_s
    if catalog.provenance.final and delay_s != catalog.provenance.publication_delay_s:
        return catalog.delayed(timedelta(seconds=delay_s))
    return catalog


def horizons_of(texts: Sequence[str]) -> dict[str, timedelta]:
    """Horizons by name, shortest first."""
    from houfeng.times import parse_horizon

    lengths = {text.strip().lower(): parse_horizon(text) for text in texts or DEFAULT_HORIZONS}
    return dict(sorted(lengths.items(), key=lambda item: item[1]))


def models_of(text: str) -> tuple[str, ...]:
    """Names of models that are to be fitted, each known."""
    from houfeng.models.registry import model_class

    names = _words_of(text)
    for name in names:
        model_class(name)
    return names


def kept_of(text: str, region: Region, settings: Settings) -> tuple[tuple[str, ...], dict[str, Kept]]:
    """Names of models, and those among them that are kept in the store or a file; differences of versions are told."""
    from houfeng.models.registry import model_names
    from houfeng.operations.kept import resolve
    from houfeng.store import Store, StoreReader

    words = _words_of(text)
    if set(words) <= set(model_names()):
        return words, {}
    if StoreReader.exists(settings.data_dir):
        with Store.open(settings.data_dir) as store:
            names, kept = resolve(words, region, store)
    else:
        names, kept = resolve(words, region, None)
    for one in kept.values():
        for sentence in one.warnings:
            say(f"warning: {one.name} was {sentence}")
    return names, kept


def _words_of(text: str) -> tuple[str, ...]:
    from houfeng.errors import InputError

    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise InputError("--models names no model; give one or more, such as etas,smoothed")
    return words


def moment_of(text: str, catalog: Catalog) -> datetime:
    """The as-of time, by default the end of the data."""
    from houfeng.times import parse_time

    return parse_time(text) if text else catalog.provenance.data_end


@contextmanager
def progress_shown() -> Iterator[Callable[[str], None]]:
    """Tell how things go on stderr: one living line on a terminal, with the steps of a fit; plain lines elsewhere."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    if not console.is_terminal:
        yield say
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from houfeng.models.progress import heard_by

    columns = (TextColumn(f"{{task.{part}}}", markup=False) for part in ("fields[step]", "description"))
    with Progress(SpinnerColumn(), TimeElapsedColumn(), *columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", step="")
        with heard_by(lambda step: bar.update(task, step=step)):
            yield lambda message: bar.update(task, description=message, step="")
