"""``houfeng gnss``."""

from pathlib import Path
from typing import Annotated

import typer

from houfeng.cli.output import JsonOption, print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("gnss")(gnss)


def gnss(
    files: Annotated[list[Path], typer.Argument(help="Daily positions: .tenv3, .pos or CSV, one station each.")],
    places: Annotated[
        Path | None, typer.Option(help="CSV of station, longitude, latitude, for files that do not say.")
    ] = None,
    step: Annotated[list[str] | None, typer.Option(help="Time of a known step, with zone; may be repeated.")] = None,
    decay: Annotated[
        list[str] | None, typer.Option(help="Time of an earthquake after which stations drift on; may be repeated.")
    ] = None,
    as_of: Annotated[str, typer.Option(help="Use only what had been issued by then, with zone.")] = "",
    delay_days: Annotated[float, typer.Option(help="Days from the end of a day until its position is known.")] = 1.0,
    search: Annotated[bool, typer.Option(help="Look for steps that are not known.")] = True,
    false_alarm: Annotated[float, typer.Option(help="Chance of a false step in a station.")] = 0.01,
    plot: Annotated[Path | None, typer.Option(help="PNG file for positions and their model.")] = None,
    plot_common: Annotated[Path | None, typer.Option(help="PNG file for residuals without the common mode.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Clean GNSS positions; tell velocities, steps, scatter without the common mode, and strain, with 95 % intervals.

    Example: houfeng gnss P571.tenv3 P567.tenv3 P563.tenv3 --step 2019-07-06T03:20:00Z --plot positions.png
    """
    from datetime import timedelta

    from houfeng.errors import InputError
    from houfeng.geodesy.reading import read_places, read_positions
    from houfeng.geodesy.regressors import Decay, Step
    from houfeng.geodesy.survey import as_record, survey
    from houfeng.times import parse_time

    if not delay_days >= 0:
        raise InputError(f"the delay is {delay_days} days; it must not be negative")
    known = read_places(places) if places else {}
    readings = [read_positions(file, delay=timedelta(days=delay_days)) for file in files]
    stations = [
        p.placed(longitude=known[p.station][0], latitude=known[p.station][1]) if p.station in known else p
        for p in (reading.positions for reading in readings)
    ]
    _each_once(files, stations)
    found = survey(
        stations,
        steps=[Step(parse_time(text)) for text in step or []],
        decays=[Decay(parse_time(text)) for text in decay or []],
        search=search,
        false_alarm=false_alarm,
        as_of=parse_time(as_of) if as_of else None,
    )
    _draw(found, plot, plot_common)
    rejected = {str(file): len(r.rejected) for file, r in zip(files, readings, strict=True) if r.rejected}
    if as_json:
        print_json({**as_record(found), "rejected_lines": rejected})
        return
    _tell(as_record(found))
    for file, n in rejected.items():
        say(f"kept out on reading: {n:,} lines of {file}")
    for note in found.notes:
        say(f"note: {note}")


def _each_once(files: list[Path], stations: list) -> None:
    """A station that is there twice would be its own common mode."""
    from houfeng.errors import InputError

    first: dict[str, Path] = {}
    for file, one in zip(files, stations, strict=True):
        if one.station in first:
            raise InputError(f"station {one.station} is in {first[one.station]} and in {file}: give each station once")
        first[one.station] = file


def _draw(found, plot: Path | None, plot_common: Path | None) -> None:
    """Write the pictures that were asked for."""
    if plot is None and plot_common is None:
        return
    from houfeng.catalogs.reading import replacing
    from houfeng.errors import NotEnoughDataError
    from houfeng.reports.geodesy_plots import common_mode_plot, position_plot

    if plot is not None:
        with replacing(plot) as stream:
            stream.write(position_plot(found))
    if plot_common is not None:
        if found.common is None:
            raise NotEnoughDataError("the common mode needs at least three stations; leave --plot-common out")
        simulated = any(one.positions.simulated for one in found.stations)
        with replacing(plot_common) as stream:
            stream.write(common_mode_plot(found.common, component=0, simulated=simulated))


def _tell(record: dict) -> None:
    """Tables for people."""
    ways = [way for way in ("east", "north", "up") if any(way in one["velocity"] for one in record["stations"])]
    print_table(
        ["station", "from", "to", "days", "outliers", *(f"{way} mm/year" for way in ways)],
        [
            (one["station"], str(one["start"])[:10], str(one["end"])[:10], one["n_days"], one["n_outliers"],
             *(_said(one["velocity"].get(way)) for way in ways))
            for one in record["stations"]
        ],
        title="velocities",
    )  # fmt: skip
    rows = [
        (one["station"], f"{s['time']:%Y-%m-%d}", what, *(_said(s["size"].get(way)) for way in ways))
        for one in record["stations"]
        for what, steps in (
            ("known", [s for s in one["steps"] if s["known"]]),
            ("found", one["offsets"]),
        )
        for s in steps
    ]
    if rows:
        print_table(["station", "day", "step", *(f"{way} mm" for way in ways)], rows, title="steps")
    if record["scatter_mm"]:
        print_table(
            ["station", "component", "before mm", "after mm"],
            [(s["station"], s["component"], f"{s['before']:.2f}", f"{s['after']:.2f}") for s in record["scatter_mm"]],
            title="scatter before and after the common mode of the others",
        )
    if record["strain"]:
        rate = record["strain"]
        print(
            f"strain rate at {rate['longitude']:.2f}, {rate['latitude']:.2f} (1e-9 per year): dilatation "
            f"{rate['dilatation']:.1f} ± {1.96 * rate['dilatation_sigma']:.1f}, largest shear {rate['max_shear']:.1f}, "
            f"from {rate['n_stations']} stations within about {rate['reach_km']:.0f} km"
        )


def _said(three: list[float] | None) -> str:
    return "-" if three is None else f"{three[0]:.2f} ± {(three[2] - three[1]) / 2:.2f}"
