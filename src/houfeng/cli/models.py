"""``houfeng models``: fitted models kept, which of them is champion, and how it came to that."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.choices import AsOfOption, CatalogOption
from houfeng.cli.output import JsonOption, print_json, print_table, say

if TYPE_CHECKING:
    from houfeng.store import Store

app = typer.Typer(name="models", help="Keep fitted models: list, get, show, compare, promote, pool, update, retire.",
                  no_args_is_help=True)  # fmt: skip

NameArgument = Annotated[str, typer.Argument(help="Name of the model, from: houfeng models list", metavar="NAME")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the log.")]


@app.command("list")
def list_models(
    state: Annotated[str, typer.Option(help="challenger, champion or retired.")] = "", as_json: JsonOption = False
) -> None:
    """List the models that are kept, and which is champion.

    Example: houfeng models list --state champion
    """
    with _store() as store:
        records = store.models.select(state=state or None)
    if as_json:
        rows = [{"name": r.name, "slot": r.slot, "state": r.state, "reason": r.reason, "model": r.card.model,
                 "trained_to": r.card.trained_to, "simulated": r.card.simulated} for r in records]  # fmt: skip
        print_json({"models": rows})
        return
    print_table(["name", "state", "competes for", "learned until, UTC", "best figure with interval", "data"],
                [_line(r) for r in records])  # fmt: skip
    if not records:
        say("no models yet; make some with: houfeng train forecast, or take one in with: houfeng models add FILE")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A model file, .houfeng.", metavar="FILE")], as_json: JsonOption = False
) -> None:
    """Take a model file in as a challenger; a damaged file, or one that holds a program, is refused.

    Example: houfeng models add california-fusion.houfeng
    """
    from houfeng.operations.models import add_file, model_document

    with _store() as store:
        record = add_file(store, file)
        _warn(store, record.name)
        print_json(model_document(store, record.name)) if as_json else print(f"{record.name}: {record.state}")


@app.command()
def get(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="File to write; by default NAME.houfeng.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model to a file that needs nothing else to be read.

    Example: houfeng models get california-fusion-m4-7d-20200101 -o fusion.houfeng
    """
    import hashlib

    from houfeng.operations.models import SUFFIX
    from houfeng.operations.outputs import write_bytes

    path = Path(f"{name}{SUFFIX}") if out is None else out
    with _store() as store:
        content = store.models.content(name)
    write_bytes(path, content)
    told = {"file": path, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    print_json(told) if as_json else print(f"{path}  {told['bytes']:,} bytes  sha256 {told['sha256']}")


@app.command()
def show(
    name: NameArgument,
    language: Annotated[str, typer.Option("--language", help="en or zh.")] = "en",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for card.md, card.zh.md and card.html.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the card of a model: what it is, learned from what, worth what against what, and its limits.

    Example: houfeng models show california-fusion-m4-7d-20200101 --out card
    """
    from houfeng.errors import UnknownNameError
    from houfeng.operations.models import model_document
    from houfeng.operations.outputs import write_text
    from houfeng.reports.messages import LANGUAGES
    from houfeng.reports.model_card import card_markdown, card_page

    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    with _store() as store:
        document = model_document(store, name)
        _warn(store, name)
    files = {}
    if out is not None:
        files = {out / "card.md": card_markdown(document, "en"), out / "card.zh.md": card_markdown(document, "zh"),
                 out / "card.html": card_page(document)}  # fmt: skip
        for path, text in files.items():
            write_text(path, text)
    if as_json:
        print_json(document | {"files": list(files)})
        return
    print(card_markdown(document, language))
    for path in files:
        print(path)


@app.command()
def compare(
    one: NameArgument,
    other: Annotated[str, typer.Argument(help="Name of the other.", metavar="OTHER")],
    as_json: JsonOption = False,
) -> None:
    """Lay two cards side by side, and every experiment of the store that has both recipes.

    Example: houfeng models compare california-fusion-m4-7d-20200101 california-boosting-m4-7d-20200101
    """
    from houfeng.operations.models import compare as lay_side_by_side

    with _store() as store:
        document = lay_side_by_side(store, one, other)
    if as_json:
        print_json(document)
        return
    rows = {}
    for column, model in enumerate(document["models"]):
        for score in model["card"]["scores"]:
            key = (score["measure"], score["unit"], score["against"])
            rows.setdefault(key, ["not judged", "not judged"])[column] = _span(score)
    print_table(["measure", "unit", "over", one, other], [(*key, *pair) for key, pair in rows.items()])
    for key, (first, second) in document["differences"].items():
        print(f"not the same {key}: {first} and {second}")
    for run in document["experiments"]:
        gains = ", ".join(f"{line['name']} {_span(line['gain'])}" for line in run["models"])
        print(f"experiment {run['name']} (run {run['run']}, {run['windows']} windows), nats over {run['baseline']}: "
              f"{gains}")  # fmt: skip
    if not rows and not document["experiments"]:
        print("neither has been judged yet")


@app.command()
def promote(
    name: NameArgument,
    run: Annotated[int, typer.Option("--run", help="Run of an experiment that compares it with the champion.")],
    as_json: JsonOption = False,
) -> None:
    """Make a challenger champion, if an experiment shows it better with an interval that excludes zero.

    Example: houfeng models promote california-fusion-m4-7d-20200101 --run 12
    """
    from houfeng.operations.models import promote as by_verdict

    with _store() as store:
        record = by_verdict(store, name, run=run)
    _tell_state(record, as_json)


@app.command()
def rollback(name: NameArgument, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Take champion NAME back: the one before it is champion again.

    Example: houfeng models rollback california-fusion-m4-7d-20200101 --reason "too high since the M7"
    """
    from houfeng.errors import InputError

    with _store() as store:
        record = store.models.one(name)
        if record.state != "champion" or not reason.strip():
            raise InputError(f"{name} is {record.state}; a champion is rolled back, with a --reason")
        record = store.models.rollback(record.slot, reason=reason.strip())
    _tell_state(record, as_json)


@app.command()
def retire(name: NameArgument, reason: ReasonOption = "", as_json: JsonOption = False) -> None:
    """Retire a model, for good, with a reason.

    Example: houfeng models retire california-svm-m4-7d-20200101 --reason "worse than the champion in run 12"
    """
    with _store() as store:
        record = store.models.retire(name, reason=reason)
    _tell_state(record, as_json)


@app.command()
def pool(
    name: Annotated[str, typer.Argument(help="Name of the pool.", metavar="NAME")],
    members: Annotated[list[str], typer.Argument(help="Kept learned models of one training.", metavar="MEMBER ...")],
    as_json: JsonOption = False,
) -> None:
    """Keep a pool: learned models and the champion they multiply, mixed by weights that `update` moves.

    Example: houfeng models pool california-pool california-boosting-m4-7d-20200101 california-forest-m4-7d-20200101
    """
    from houfeng.operations.pool_models import pool_models

    with _store() as store:
        record = pool_models(store, name, members)
    _tell_state(record, as_json)


@app.command()
def update(
    name: NameArgument, catalog: CatalogOption = "", as_of: AsOfOption = "", as_json: JsonOption = False
) -> None:
    """Let a learned model's levels, or a pool's weights, follow what came since, within guard rails, logged.

    Exit code 1: refused, because the catalogue looks broken.

    Example: houfeng models update california-fusion-m4-7d-20200101 --catalog new.csv --as-of 2020-03-01T00:00:00Z
    """
    from houfeng.cli.choices import catalog_of, moment_of
    from houfeng.config import load_settings
    from houfeng.operations.update_model import update_model

    settings = load_settings()
    with _store() as store:
        data = catalog_of(catalog, store.models.load(name).fitted.region, settings)
        done = update_model(store, name, data, as_of=moment_of(as_of, data))
    if as_json:
        print_json(done.document())
    else:
        print(f"{name}: {done.outcome}, {done.windows} windows. {done.reason}. {data.provenance.label}")
    if done.outcome == "refused":
        raise typer.Exit(1)


def _store() -> "Store":
    from houfeng.config import load_settings
    from houfeng.store import Store

    return Store.open(load_settings().data_dir)


def _warn(store: "Store", name: str) -> None:
    from houfeng.store.model_files import differences

    for sentence in differences(store.models.one(name).card):
        say(f"warning: {name} was {sentence}")


def _tell_state(record, as_json: bool) -> None:
    told = {"name": record.name, "slot": record.slot, "state": record.state, "reason": record.reason, "run": record.run}
    print_json(told) if as_json else print(f"{record.name}: {record.state}. {record.reason}")


def _line(record) -> list[str]:
    card = record.card
    score = next(iter(card.scores), None)
    figure = (
        "not judged yet"
        if score is None
        else (
            f"{_span({'value': score.value, 'low': score.low, 'high': score.high})} {score.unit} over {score.against}"
        )
    )
    return [record.name, record.state, record.slot, f"{card.trained_to:%Y-%m-%d %H:%M}", figure,
            "SIMULATED" if card.simulated else card.catalog["source"]]  # fmt: skip


def _span(figure) -> str:
    if figure["value"] is None or figure["low"] is None:
        return "-"
    return f"{figure['value']:+.4g} ({figure['low']:+.4g} to {figure['high']:+.4g})"
