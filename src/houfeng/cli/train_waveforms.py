"""``houfeng train waveforms``."""

from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.assess import check_language
from houfeng.cli.output import JsonOption, print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("waveforms")(train_waveforms)


def train_waveforms(
    records: Annotated[
        Path | None, typer.Option("--records", help="Folder of .npz (data, itp, its); without it SIMULATED ones.")
    ] = None,
    count: Annotated[int, typer.Option("--count", min=10, help="SIMULATED earthquakes.")] = 600,
    design: Annotated[str, typer.Option("--design", help="cnn or gru.")] = "cnn",
    window: Annotated[int, typer.Option("--window", min=64, help="Samples in a window, at 100 Hz.")] = 200,
    epochs: Annotated[float, typer.Option("--epochs", help="Passes through the windows, at most.")] = 20.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of whatever is random.")] = 0,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda (untested).")] = "auto",
    language: Annotated[str, typer.Option("--language", help="Of the learning curve: en or zh.")] = "en",
    out: Annotated[Path, typer.Option("--out", help="Folder for the model.")] = Path("models/waveforms"),
    as_json: JsonOption = False,
) -> None:
    """Train a network that tells windows with P, with S and of noise alone apart.

    Example: houfeng train waveforms --count 600 --design cnn
    """
    check_language(language)
    from houfeng.operations.train_waveforms import train_waveforms as train

    trained = train(
        out,
        records=records,
        count=count,
        design=design,
        window_samples=window,
        epochs=epochs,
        seed=seed,
        device=device,
        language=language,
        progress=lambda at: say(str(at)),
    )
    if as_json:
        print_json({"folder": trained.folder, **trained.card})
        return
    print(f"records: {trained.card['records']}, {trained.card['earthquakes']} earthquakes; {trained.card['split']}")
    print_table(
        ["on earthquakes not learned from", "value"], [(k, f"{v:.4g}") for k, v in trained.card["scores"].items()]
    )
    print(f"written to {trained.folder}")
