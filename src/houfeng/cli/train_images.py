"""``houfeng train images``."""

from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.assess import check_language
from houfeng.cli.output import JsonOption, print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("images")(train_images)


def train_images(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Holds train/CLASS/*.jpg and val/CLASS/*.")],
    backbone: Annotated[
        str, typer.Option("--backbone", help="none (a small network from scratch) or efficientnet-lite0.")
    ] = "none",
    frozen: Annotated[
        bool, typer.Option("--frozen", help="Leave the backbone as it came; train the head over its features alone.")
    ] = False,
    side: Annotated[int, typer.Option("--side", min=16, max=1024, help="Pixels that pictures are brought to.")] = 96,
    epochs: Annotated[float, typer.Option("--epochs", help="Passes through the pictures (in each stage).")] = 30.0,
    batch_size: Annotated[int, typer.Option("--batch-size", min=1, help="Pictures in a step.")] = 32,
    learning_rate: Annotated[float, typer.Option("--learning-rate", help="Peak step size.")] = 1e-3,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of whatever is random in learning.")] = 0,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda (untested).")] = "auto",
    strict: Annotated[bool, typer.Option("--strict", help="An unreadable picture is an error, not set apart.")] = False,
    simulated: Annotated[bool, typer.Option("--simulated", help="The pictures are SIMULATED; say so.")] = False,
    language: Annotated[str, typer.Option("--language", help="Of the learning curve: en or zh.")] = "en",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the model; by default models/ and DIR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network that tells the class of pictures; a killed training goes on when called again.

    Example: houfeng train images buildings/ --backbone efficientnet-lite0 --side 160
    """
    check_language(language)
    from houfeng.operations.train_images import train_images as train

    trained = train(
        directory,
        out or Path("models") / directory.resolve().name,
        backbone=backbone,
        frozen=frozen,
        side=side,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        device=device,
        strict=strict,
        simulated=simulated,
        language=language,
        progress=lambda at: say(str(at)),
    )
    card = trained.card
    for one in card["quarantined"]:
        say(f"warning: set apart: {one['reason']}")
    if card["quarantined"]:
        say(f"warning: {len(card['quarantined'])} unreadable pictures were left out (--strict makes them an error)")
    if as_json:
        print_json({"folder": trained.folder, **card})
        return
    print(f"{'SIMULATED ' if simulated else ''}{', '.join(card['classes'])}; {card['output']}")
    columns = ["accuracy", "majority_accuracy", "auc", "average_precision", "prevalence"]
    shown = [name for name in columns if name in card["scores"]["val"]]
    print_table(
        ["part", "n", *shown],
        [(part, s["n"], *(f"{s[name]:.3f}" for name in shown)) for part, s in card["scores"].items()],
    )
    print(card["note"])
    print(f"written to {trained.folder}")
