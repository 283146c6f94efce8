"""``houfeng forecast``."""

import typer

from houfeng.cli.choices import (
    DEFAULT_MODELS,
    AsOfOption,
    CatalogOption,
    FitOrKeptOption,
    HorizonOption,
    MagnitudeOption,
    OutOption,
    RegionOption,
    SeedOption,
    SimulationsOption,
    plan_of,
    progress_shown,
)
from houfeng.cli.output import JsonOption, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("forecast")(forecast)


def forecast(
    region: RegionOption = "chile",
    catalog: CatalogOption = "",
    as_of: AsOfOption = "",
    horizon: HorizonOption = [],  # noqa: B006  typer copies it
    min_magnitude: MagnitudeOption = None,
    models: FitOrKeptOption = DEFAULT_MODELS,
    n_simulations: SimulationsOption = None,
    seed: SeedOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecast one moment and print a table to paste, by default at the end of the data.

    Example: houfeng forecast --region sichuan-yunnan --as-of 2022-09-05T06:00:00Z --models champion,smoothed
    """
    from houfeng.config import load_settings
    from houfeng.operations.outputs import folder_name
    from houfeng.operations.run import run
    from houfeng.store import Store

    settings = load_settings()
    plan = plan_of(
        settings,
        region=region,
        catalog=catalog,
        as_of=[as_of] if as_of else [],
        horizon=horizon,
        min_magnitude=min_magnitude,
        models=models,
        n_simulations=n_simulations,
        seed=seed,
        out=out,
    )
    with Store.open(settings.data_dir) as store, progress_shown() as progress:
        result = run(plan, store, progress)
    part = result.document["forecasts"][0]
    for warning in part["warnings"]:
        say(f"warning: {warning['en']}")
    folder = result.folder / folder_name(plan.moments[0])
    if as_json:
        print_json({"folder": result.folder, "report": result.report, **result.document})
        return
    print((folder / "table.txt").read_text(encoding="utf-8"))
    print(f"report: {result.report}\nfiles:  {folder}/")
