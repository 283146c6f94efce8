"""``houfeng train forecast``."""

from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.choices import (
    AsOfOption,
    CatalogOption,
    MagnitudeOption,
    RegionOption,
    catalog_of,
    moment_of,
    progress_shown,
    region_of,
)
from houfeng.cli.output import JsonOption, print_json, print_table

#: Learners of the command without ``--models``.
DEFAULT_LEARNERS = "logistic,forest,boosting,fusion"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("forecast")(train_forecast)


def train_forecast(
    region: RegionOption = "california",
    catalog: CatalogOption = "",
    as_of: AsOfOption = "",
    min_magnitude: MagnitudeOption = None,
    target: Annotated[
        float | None, typer.Option("--target", help="Magnitude whose chance is learned; 4 or the completeness.")
    ] = None,
    horizon: Annotated[str, typer.Option("--horizon", help="How far ahead: day, week, 36h ...")] = "week",
    models: Annotated[str, typer.Option("--models", help="Learned models, by name.")] = DEFAULT_LEARNERS,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of whatever is random in learning.")] = 132,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the results; by default models/ and the region.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train models that multiply the champion, and say whether they are better than it.

    Each is learned on the first three quarters of the known past and judged, week by week, on the rest: against the
    adaptive ETAS that it multiplies, and against the time-independent model. Then it is learned on all that is known,
    and kept as a challenger in the store (houfeng models list). Killed anywhere, the same command goes on where it
    stopped: what is done is kept in the folder's steps/ until the end.

    Example: houfeng train forecast --region california --as-of 2020-01-01T00:00:00Z --target 4
    """
    from houfeng.config import load_settings
    from houfeng.operations.models import keep_trained
    from houfeng.operations.outputs import check_folder
    from houfeng.operations.train_forecast import train_forecast as train
    from houfeng.operations.train_forecast import write_training
    from houfeng.operations.train_steps import Steps
    from houfeng.operations.training import known
    from houfeng.store import Store
    from houfeng.times import DAY_S, parse_horizon

    where = region_of(region)
    settings = load_settings()
    data = catalog_of(catalog, where, settings)
    names = tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip()))
    folder = Path("models") / where.name if out is None else out
    check_folder(folder)
    with progress_shown() as progress:
        done = train(
            data,
            where,
            as_of=moment_of(as_of, data),
            learners=names,
            min_magnitude=min_magnitude,
            target=target,
            horizon_days=parse_horizon(horizon).total_seconds() / DAY_S,
            seed=seed,
            folder=folder,
            progress=progress,
        )
    files = write_training(done, folder)
    with Store.open(settings.data_dir) as store:
        kept = keep_trained(done, known(data, where, done.as_of), store, folder)
    Steps(folder).clear()
    if as_json:
        print_json({"folder": folder, "files": files, "models": kept, **done.document()})
    else:
        _tell(done, folder, data, kept)


def _tell(done, folder: Path, data, kept) -> None:
    columns = ["model", "verdict", "nats over champion (95 %)", "nats over smoothed", "Brier skill", "ROC", "Molchan",
               "exp./came"]  # fmt: skip
    print_table(columns, [_row(card) for card in done.cards], title=_title(done))
    one = done.cards[0].over_champion
    print(
        f"judged on {one.n_active} active cells from {done.judged_from:%Y-%m-%d} to {done.judged_to:%Y-%m-%d}; nats "
        "per active cell; Brier skill and Molchan area against the time-independent model"
    )
    for name, reason in done.left_out.items():
        print(f"{name} was left out: {reason}")
    print(f"DRAFT. {data.provenance.label}. A better verdict on the past is no promise.")
    print(f"\nkept as challengers: {', '.join(kept)} (houfeng models show NAME)")
    print(f"files: {folder}/")


def _title(done) -> str:
    return (
        f"{done.region.name}: at least one M>={done.target:g} in a cell within {done.horizon_days:g} days "
        f"(features from M>={done.min_magnitude:g})"
    )


def _row(card) -> list[str]:
    gain, skill = card.over_champion.log_gain, card.over_smoothed
    own = card.name == "champion"
    return [
        card.name,
        "-" if own or card.name == "smoothed" else card.verdict,
        "0" if own else f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})",
        f"{skill.log_gain.value:+.2f}",
        f"{skill.brier_skill.value:+.4f}",
        f"{skill.auc.value:.3f}",
        f"{skill.molchan.value:.3f}",
        f"{skill.expected_ratio.value:.2f}",
    ]
