"""How an earthquake is given on the command line: by a JSON file, or by options one by one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from houfeng.earthquake import Earthquake

EventOption = Annotated[Path | None, typer.Option("--event", help="JSON file: event_id, time, longitude, latitude ...")]
IdOption = Annotated[str, typer.Option("--id", help="Identifier of the earthquake.")]
TimeOption = Annotated[str, typer.Option("--time", help="Origin time, with zone.")]
LongitudeOption = Annotated[float | None, typer.Option("--longitude", help="Degrees east.")]
LatitudeOption = Annotated[float | None, typer.Option("--latitude", help="Degrees north.")]
DepthOption = Annotated[float | None, typer.Option("--depth-km", help="Positive down, km.")]
MagnitudeOption = Annotated[float | None, typer.Option("--magnitude", help="Moment magnitude.")]
RegimeOption = Annotated[str, typer.Option("--regime", help="crustal, interface or slab.")]
NameOption = Annotated[str, typer.Option("--name", help="What people call it, in English.")]
NameZhOption = Annotated[str, typer.Option("--name-zh", help="What people call it, in Chinese.")]
MotionOption = Annotated[
    str, typer.Option("--motion-region", help="Where the ground-motion models are for: chile, global, california ...")
]

#: Options that say where, when and how large; with a file none of them may be given.
SINGLE = ("event_id", "time", "longitude", "latitude", "depth_km", "magnitude")


def earthquake_given(event_file: Path | None, *, regime: str, name: str, name_zh: str, **single) -> Earthquake:
    """The earthquake of a file, else that of the options (:data:`SINGLE`).

    Raises
    ------
    InputError
        When both are given, or something is missing or makes no sense.
    """
    from houfeng.errors import InputError
    from houfeng.operations.event_files import read_earthquake, read_event

    told = {key: single[key] for key in SINGLE if single[key] not in (None, "")}
    if event_file is not None:
        if told:
            raise InputError("give either --event or --id, --time, --longitude ..., not both")
        return read_event(event_file)
    names = {key: text for key, text in (("en", name), ("zh", name_zh)) if text}
    return read_earthquake({**told, "regime": regime, "names": names}, "the earthquake of the options")
