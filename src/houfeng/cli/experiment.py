"""``houfeng experiment``."""

from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.choices import progress_shown
from houfeng.cli.output import JsonOption, print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("experiment")(experiment)


def experiment(
    file: Annotated[Path, typer.Argument(help="The experiment, a TOML file.", metavar="FILE")],
    catalog: Annotated[str, typer.Option("--catalog", help="Catalogue instead of the one the file names.")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; by default experiments/ and the name.")
    ] = None,
    executor: Annotated[
        str, typer.Option("--executor", help="processes, serial or dask; by default what the file says.")
    ] = "",
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; as many as processors without it.")
    ] = None,
    scheduler: Annotated[str, typer.Option("--scheduler", help="Dask scheduler, such as tcp://10.0.0.5:8786.")] = "",
    prove: Annotated[
        bool, typer.Option("--prove", help="Prove in the first window of every model that it does not see the future.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Forecast and test models in many windows, and write a scoreboard: JSON, Parquet, and a page to open.

    Every model is given only what was known at the start of each window. An experiment that was killed goes on
    where it stopped when started again. Exit code 1: a proof failed.

    Example: houfeng experiment examples/italy.toml --catalog italy.csv --workers 4 --prove
    """
    from houfeng.config import load_settings
    from houfeng.experiments.experiment import Experiment
    from houfeng.experiments.run import run_experiment
    from houfeng.store import Store

    plan = _changed(Experiment.from_file(file), catalog, executor, workers, scheduler)
    reading = plan.catalog.read()
    for reason, count in reading.reasons.items():
        say(f"{plan.catalog.file}: {count} rows kept out: {reason}")
    with Store.open(load_settings().data_dir) as store, progress_shown() as progress:
        result = run_experiment(
            plan,
            store,
            folder=Path("experiments") / plan.name if out is None else out,
            catalog=reading.catalog,
            prove=prove,
            progress=progress,
        )
    if as_json:
        print_json({"folder": result.folder, "page": result.page, "run": result.run, **result.document})
    else:
        _tell(result)
    if result.document["proof"]["passed"] is False:
        say("error: a model's forecast changed with the future; see the proof on the scoreboard")
        raise typer.Exit(1)


def _changed(plan, catalog: str, executor: str, workers: int | None, scheduler: str):
    """The experiment with what the command line says instead of the file."""
    from dataclasses import replace

    changes: dict[str, object] = {}
    if catalog:
        changes["catalog"] = replace(plan.catalog, file=catalog)
    if executor or workers or scheduler:
        kind = executor or ("dask" if scheduler else plan.executor.kind)
        changes["executor"] = replace(
            plan.executor,
            kind=kind,
            workers=workers or plan.executor.workers,
            scheduler=scheduler or (plan.executor.scheduler if kind == "dask" else ""),
        )
    return replace(plan, **changes)


def _tell(result) -> None:
    board = result.document
    columns = ["model", "windows", "failed", "expected", "came", "gain, nats (95 %)", *board["tests"]]
    print_table(columns, [_row(model, board) for model in board["models"]], title=board["name"])
    windows = board["windows"]
    print(
        f"{len(windows)} windows from {windows[0]['start'][:16]} to {windows[-1]['end'][:16]} UTC, "
        f"M>={board['min_magnitude']:g}, gain against {board['baseline']}; tests: passed of tested (99 % band)"
    )
    print(f"DRAFT. {board['label']}, data end {board['data_end'][:16]} UTC. {board['legal_notice']['en']}")
    if board["proof"]["ran"]:
        print("proof that no model sees the future: " + ("passed" if board["proof"]["passed"] else "FAILED"))
    print(f"\npage:  {result.page}\nfiles: {result.folder}/")


def _row(model, board) -> list[str]:
    gain = model["gain"]
    return [
        model["name"],
        str(model["windows_scored"]),
        str(model["failed"]),
        f"{model['expected']:.1f}",
        str(model["observed"]),
        "0" if model["name"] == board["baseline"] else _interval(gain),
        *(f"{t['passed']}/{t['of']} ({t['low']}-{t['high']})" for t in model["tests"].values()),
    ]


def _interval(gain) -> str:
    if gain["value"] is None:
        return "-"
    span = "" if gain["low"] is None else f" ({gain['low']:+.2f} to {gain['high']:+.2f})"
    return f"{gain['value']:+.2f}{span}"
