"""``houfeng simulate``."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.choices import (
    AsOfOption,
    CatalogOption,
    MagnitudeOption,
    RegionOption,
    SeedOption,
    SimulationsOption,
    catalog_of,
    moment_of,
    progress_shown,
    region_of,
)
from houfeng.cli.output import JsonOption, print_json


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("simulate")(simulate)


def simulate(
    region: RegionOption = "chile",
    catalog: CatalogOption = "",
    as_of: AsOfOption = "",
    horizon: Annotated[str, typer.Option("--horizon", help="Length: day, week, month, 36h, 10d ...")] = "week",
    min_magnitude: MagnitudeOption = None,
    model: Annotated[str, typer.Option("--model", help="Name of a model.")] = "etas-adaptive",
    n_simulations: SimulationsOption = None,
    seed: SeedOption = None,
    out: Annotated[Path, typer.Option("--out", help="File to write: .csv (CSEP) or .parquet.")] = Path("simulated.csv"),
    as_json: JsonOption = False,
) -> None:
    """Write simulated catalogues of the time after a moment, equally likely, above the completeness magnitude.

    Example: houfeng simulate --as-of 2015-09-17T00:00:00Z --horizon month --n-simulations 10000 --seed 7
    """
    from houfeng.config import load_settings
    from houfeng.models.registry import model_class
    from houfeng.operations.simulate import check_format, write
    from houfeng.operations.simulate import simulate as carry_out
    from houfeng.times import parse_horizon

    settings = load_settings()
    model_class(model)
    check_format(out)
    where, length = region_of(region), parse_horizon(horizon)
    data = catalog_of(catalog, where, settings)
    n = settings.forecast.n_simulations if n_simulations is None else n_simulations
    with progress_shown() as progress:
        made = carry_out(
            data,
            where,
            as_of=moment_of(as_of, data),
            length=length,
            model=model,
            min_magnitude=min_magnitude,
            n_catalogs=n,
            seed=settings.forecast.seed if seed is None else seed,
            progress=progress,
        )
        write(made, out)
    told = {
        "file": out,
        "n_catalogs": made.simulated.n_catalogs,
        "n_events": len(made.simulated.catalog_id),
        "start": made.simulated.window.start,
        "end": made.simulated.window.end,
        "min_magnitude": made.min_magnitude,
        "model": made.issue.model,
        "region": made.issue.region,
        "data_end": made.issue.data_end,
        "data_age_days": made.issue.data_age_days,
        "label": made.issue.label,
        "state": made.issue.state,
        "time_to_next": [asdict(made.simulated.time_to_next(m)) for m in _asked(made.min_magnitude)],
    }
    if as_json:
        print_json(told)
        return
    window = made.simulated.window
    print(f"{out}: {made.simulated.n_catalogs:,} catalogues, {len(made.simulated.catalog_id):,} earthquakes")
    print(f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC, M>={made.min_magnitude:g}")
    for next_one in told["time_to_next"]:
        early, median, late = (_days(next_one[name]) for name in ("early_days", "median_days", "late_days"))
        print(
            f"next M>={next_one['magnitude']:g}: within the window in {next_one['chance']:.1%} of the catalogues; "
            f"in 5 % of them {early}, in half {median}, in 95 % {late}"
        )
    print(f"data end {made.issue.data_end:%Y-%m-%d %H:%M} UTC; DRAFT; {made.issue.label}")


def _asked(min_magnitude: float) -> list[float]:
    """Magnitudes of which the next is told: the smallest, and those one and two above it."""
    return [round(min_magnitude + step, 1) for step in (0, 1, 2)]


def _days(days: float) -> str:
    from math import isfinite

    return f"by day {days:.2g}" if isfinite(days) else "later than the window"
