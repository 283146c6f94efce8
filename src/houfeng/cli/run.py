"""``houfeng run``."""

from typing import Annotated

import typer

from houfeng.cli.choices import (
    DEFAULT_MODELS,
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
    app.command("run")(run)


def run(
    region: RegionOption = "chile",
    catalog: CatalogOption = "",
    as_of: Annotated[list[str], typer.Option("--as-of", help="Time of a forecast, with zone; may be repeated.")] = [],  # noqa: B006  typer copies it
    horizon: HorizonOption = [],  # noqa: B006
    min_magnitude: MagnitudeOption = None,
    models: FitOrKeptOption = DEFAULT_MODELS,
    n_simulations: SimulationsOption = None,
    seed: SeedOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forecast on the past, compare with what followed, and write maps, files and a report.

    Without a region, catalogue or time: the 2015 Illapel (Chile) earthquake, replayed. With them: the same
    for any data. A run that was killed goes on where it stopped when started again.

    Example: houfeng run --region california --as-of 2019-07-06T04:00:00Z
    """
    from houfeng.config import load_settings
    from houfeng.operations.plan import ILLAPEL, ILLAPEL_MOMENTS
    from houfeng.operations.run import run as carry_out
    from houfeng.store import Store

    settings = load_settings()
    replay = (region, catalog, as_of) == ("chile", "", [])
    plan = plan_of(
        settings,
        region=region,
        catalog=catalog,
        as_of=as_of,
        horizon=horizon,
        min_magnitude=min_magnitude,
        models=models,
        n_simulations=n_simulations,
        seed=seed,
        out=out,
        case=(ILLAPEL, ILLAPEL_MOMENTS) if replay else None,
    )
    with Store.open(settings.data_dir) as store, progress_shown() as progress:
        result = carry_out(plan, store, progress)
    for warning in {w["en"]: None for part in result.document["forecasts"] for w in part["warnings"]}:
        say(f"warning: {warning}")
    if as_json:
        print_json({"folder": result.folder, "report": result.report, **result.document})
    else:
        _tell(result)


def _tell(result) -> None:
    from houfeng.reports.headlines import headlines

    for sentence in headlines(result.document):
        print(f"{sentence['en']}\n")
    print(f"DRAFT. {result.document['label']}. {result.document['legal_notice']['en']}\n")
    print(f"report: {result.report}\nfiles:  {result.folder}/")
