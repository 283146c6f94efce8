"""``houfeng catalog``: look at catalogues, and turn one format into another."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.output import JsonOption, print_json, print_table, say

if TYPE_CHECKING:
    from houfeng.catalogs.sifting import Reading
    from houfeng.catalogs.summary import CatalogSummary

app = typer.Typer(name="catalog", help="Look at earthquake catalogues, fetch and convert them.", no_args_is_help=True)

FileArgument = Annotated[
    str, typer.Argument(help="A file (its format is found by looking), or a bundled catalogue: chile ...")
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        help="csv, comcat-csv, geojson, fdsn-text, quakeml, csep, parquet, zmap, ndk, jma, horus or cenc; obspy for "
        "any file ObsPy reads (needs the extra); else found by looking.",
    ),
]
UtcOption = Annotated[bool, typer.Option("--assume-utc", help="Times without a zone are UTC.")]


@app.command()
def info(
    file: FileArgument, format: FormatOption = "", assume_utc: UtcOption = False, as_json: JsonOption = False
) -> None:
    """Tell what a catalogue holds, how far its data reach, and which rows were kept out.

    Example: houfeng catalog info chile
    """
    from houfeng.catalogs.summary import summarise

    reading = _open(file, format, assume_utc)
    told, summary = reading.catalog.provenance, summarise(reading.catalog)
    age_days = (datetime.now(UTC) - told.data_end).total_seconds() / 86_400
    if as_json:
        print_json({
            **asdict(summary),
            "source": told.source,
            "licence": told.licence,
            "data_end": told.data_end,
            "data_age_days": round(age_days, 2),
            "label": told.label,
            **_rejected(reading),
        })  # fmt: skip
        return
    rows = [
        ("source", told.source),
        ("licence", told.licence),
        ("events", f"{summary.n_events:,}"),
        ("data end", f"{told.data_end:%Y-%m-%d %H:%M:%S} UTC, {age_days:,.0f} days ago"),
        ("standing", told.label),
    ]
    if summary.n_events:
        first, last = summary.time_span
        rows += [
            ("times", f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"),
            ("magnitudes", "{:.2f} to {:.2f}".format(*summary.magnitude_span)),
            ("types", ", ".join(f"{kind or 'unknown'} {n:,}" for kind, n in summary.magnitude_types.items())),
            ("longitudes", "{:.3f} to {:.3f}".format(*summary.longitude_span)),
            ("latitudes", "{:.3f} to {:.3f}".format(*summary.latitude_span)),
            ("depths, km", _depths(summary.depth_span_km, summary.n_depth_unknown)),
            ("completeness", _completeness(summary)),
        ]
    print_table(["catalogue", str(file)], rows)
    _tell_rejected(reading)


@app.command()
def convert(
    file: FileArgument,
    out: Annotated[Path, typer.Argument(help="File to write; .gz at its end compresses it.")],
    format: FormatOption = "",
    to: Annotated[str, typer.Option("--to", help="Format to write, where the ending of OUT does not tell.")] = "",
    assume_utc: UtcOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write a catalogue in another format.

    .csv, .geojson, .txt (FDSN text), .xml (QuakeML), .csep and .parquet are known by their endings; only csv,
    geojson and parquet keep the times of issue, only parquet the provenance.

    Example: houfeng catalog convert chile chile.geojson
    """
    from houfeng.catalogs.reading import write_catalog

    reading = _open(file, format, assume_utc)
    write_catalog(reading.catalog, out, format=to or None)
    if as_json:
        print_json({"file": out, "n_events": len(reading.catalog), **_rejected(reading)})
        return
    print(f"{out}: {len(reading.catalog):,} events")
    _tell_rejected(reading)


@app.command()
def plot(
    file: FileArgument,
    out: Annotated[Path, typer.Option("--out", help="PNG file to write.")] = Path("map.png"),
    format: FormatOption = "",
    assume_utc: UtcOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw the epicentres on a map, and the magnitudes against time.

    Example: houfeng catalog plot chile --out chile.png
    """
    from houfeng.catalogs.reading import replacing
    from houfeng.reports.catalog_figure import catalog_figure
    from houfeng.reports.coastline import coastline

    reading = _open(file, format, assume_utc)
    with replacing(out) as stream:
        stream.write(catalog_figure(reading.catalog, coast=coastline()))
    if as_json:
        print_json({"file": out, "n_events": len(reading.catalog), **_rejected(reading)})
        return
    print(f"{out}: {len(reading.catalog):,} events")
    _tell_rejected(reading)


def _open(file: str, format: str, assume_utc: bool) -> "Reading":
    from houfeng.catalogs.reading import open_catalog

    return open_catalog(file, format=format or None, assume_utc=assume_utc)


def _depths(span: tuple[float, float] | None, unknown: int) -> str:
    known = "{:g} to {:g}".format(*span) if span else "none known"
    return f"{known}, {unknown:,} unknown" if unknown and span else known


def _completeness(summary: "CatalogSummary") -> str:
    mc, b = summary.completeness, summary.b_value
    if mc is None:
        return "too few events to tell"
    told = f"from about M{mc.magnitude:.1f} on ({mc.method.replace('_', ' ')}, {mc.n_events:,} events)"
    return told if b is None else f"{told}, b = {b.b:.2f} ± {b.standard_error:.2f}"


def _rejected(reading: "Reading") -> dict[str, object]:
    return {"n_rejected": len(reading.rejected), "rejected_reasons": reading.reasons}


def _tell_rejected(reading: "Reading") -> None:
    """Say on stderr which rows were kept out and why, each reason with its first row."""
    for reason, count in reading.reasons.items():
        first = next(one for one in reading.rejected if one.reason == reason)
        say(f"kept out: {count:,} for '{reason}', first in row {first.row}: {first.text[:80]}")
