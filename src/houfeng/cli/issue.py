"""``houfeng issue``: who answers for a forecast. Nothing leads back to a draft, or out of a withdrawal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.output import JsonOption, print_json, print_table, say

if TYPE_CHECKING:
    from houfeng.store import ForecastRecord, Store

app = typer.Typer(name="issue", help="List stored forecasts; approve, publish or withdraw them.", no_args_is_help=True)

NumberArgument = Annotated[int, typer.Argument(help="Number of the forecast, from: houfeng issue list")]
NumbersArgument = Annotated[list[int], typer.Argument(help="Numbers of forecasts; all of them are moved, or none.")]
ByOption = Annotated[str, typer.Option("--by", help="Name of the office or person that answers for it.")]
FolderOption = Annotated[
    Path | None, typer.Option("--out", help="Folder to write it to: text, JSON, GeoJSON, Parquet and a report.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the log.")]


@app.command("list")
def list_issues(
    state: Annotated[str, typer.Option(help="draft, approved, published or withdrawn.")] = "",
    region: Annotated[str, typer.Option(help="Name of a region.")] = "",
    model: Annotated[str, typer.Option(help="Name of a model.")] = "",
    run: Annotated[int | None, typer.Option(help="Number of a run.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List stored forecasts with their standing.

    Example: houfeng issue list --state draft --model etas
    """
    from houfeng.forecasts.table import format_probability
    from houfeng.operations.issued import horizon_of, summary

    with _store() as store:
        records = store.forecasts(region=region or None, model=model or None, state=state or None)
    records = [record for record in records if run in (None, record.run)]
    if as_json:
        print_json({"forecasts": [summary(record) for record in records]})
        return
    rows = []
    for record in records:
        issue, shown = record.issue, next((c for c in record.counts if c.magnitude >= 5), record.counts[-1])
        chance = f"M≥{shown.magnitude:g} {format_probability(shown.probability)}"
        as_of = f"{issue.as_of:%Y-%m-%d %H:%M}"
        rows.append((record.id, issue.state, issue.authority, issue.model, issue.region, as_of, horizon_of(record),
                     chance))  # fmt: skip
    print_table(["number", "state", "by", "model", "region", "as of, UTC", "window", "chance"], rows)
    if not rows:
        say("no such forecasts; make one with: houfeng forecast")


@app.command()
def show(
    number: NumberArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for text, JSON, GeoJSON, Parquet and report.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show a forecast under its present standing, in English and Chinese, and the log of that standing.

    Example: houfeng issue show 12 --out issued
    """
    from houfeng.operations.issued import issue_document, issue_text, write_issue

    with _store() as store:
        written = write_issue(store, number, out) if out else []
        if as_json:
            print_json(issue_document(store, number) | {"files": written})
        else:
            print(issue_text(store, number))
            for path in written:
                print(path)


@app.command()
def approve(numbers: NumbersArgument, by: ByOption, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Approve drafts, for the use of whoever approves them; that does not publish them.

    Example: houfeng issue approve 12 13 --by "Dr Ana Rojas, duty seismologist"
    """
    _move(numbers, "approved", by, reason, as_json)


@app.command()
def publish(numbers: NumbersArgument, by: ByOption, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Record that approved forecasts are published; in many countries only one authority may.

    Example: houfeng issue publish 12 --by "National Seismological Centre"
    """
    _move(numbers, "published", by, reason, as_json)


@app.command()
def withdraw(numbers: NumbersArgument, by: ByOption, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Withdraw forecasts, for good; they stay in the store with the reason.

    Example: houfeng issue withdraw 12 --by "National Seismological Centre" --reason "superseded by 31"
    """
    _move(numbers, "withdrawn", by, reason, as_json)


def _move(numbers: list[int], state: str, by: str, reason: str, as_json: bool) -> None:
    from houfeng.operations.issued import summary
    from houfeng.values import legal_notice

    with _store() as store:
        records = store.move(numbers, state, by, reason=reason)
    if as_json:
        print_json({"forecasts": [summary(record) for record in records]})
        return
    for record in records:
        print(_sentence(record))
    print("\n".join(legal_notice(state).values()))


def _sentence(record: "ForecastRecord") -> str:
    from houfeng.reports.messages import LANGUAGES, message

    state = f"state_{record.issue.state}"
    told = " · ".join(message(state, language, authority=record.issue.authority) for language in LANGUAGES)
    return f"{record.id}: {told}"


def _store() -> "Store":
    from houfeng.config import load_settings
    from houfeng.errors import StoreError
    from houfeng.store import Store, StoreReader

    folder = load_settings().data_dir
    if not StoreReader.exists(folder):
        raise StoreError(f"there is no store in {folder}: nothing was forecast yet; begin with: houfeng forecast")
    return Store.open(folder)
