"""The catalogue formats: one table, from which reading, writing, help and tests are made."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.sifting import Batch
from houfeng.errors import CatalogError, UnknownNameError


class Reader(Protocol):
    """What the module of a format offers that is only read."""

    def read(self, stream: BinaryIO, *, assume_utc: bool) -> Iterator[Batch]:
        """Batches of the rows in `stream`."""
        ...


class Codec(Reader, Protocol):
    """What the module of a format offers that is written too."""

    def write(self, catalog: Catalog, stream: BinaryIO) -> None:
        """Write the catalogue."""
        ...


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes
    ----------
    name, title
        For commands, and for people.
    suffixes
        Endings of file names written in this format; the first format that has an ending gets it.
    module
        Under ``houfeng.catalogs``; a :class:`Codec`, or a :class:`Reader` in :data:`READ_ONLY`.
    loses
        Lexicon columns that do not survive writing and reading.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    module: str
    loses: tuple[str, ...] = ()

    @property
    def codec(self) -> Codec:
        """The module, imported when first needed."""
        return import_module(f"houfeng.catalogs.{self.module}")


FORMATS = (
    Format("csv", "CSV with named columns", (".csv",), "csv_tables"),
    Format("comcat-csv", "CSV of the USGS catalogue (ComCat)", (), "comcat_csv", ("issued",)),
    Format("geojson", "GeoJSON as ComCat gives it", (".geojson", ".json"), "comcat_geojson"),
    Format("fdsn-text", "text of the FDSN event services", (".txt",), "fdsn_text", ("issued",)),
    Format("quakeml", "QuakeML 1.2", (".xml", ".qml", ".quakeml"), "quakeml", ("issued",)),
    Format("csep", "CSEP ASCII", (".csep",), "csep_ascii", ("issued", "magnitude_type")),
    Format("parquet", "Parquet, everything kept exactly", (".parquet", ".pq"), "parquet"),
)

#: Formats of agencies and older programs, read but never written; each loses too much.
READ_ONLY = (
    Format("zmap", "ZMAP table: numbers without a header", (), "zmap"),
    Format("ndk", "NDK of the Global CMT catalogue", (), "ndk"),
    Format("jma", "hypocentre file of the Japan Meteorological Agency", (), "jma"),
    Format("horus", "HORUS, the homogenised catalogue of Italy", (), "horus"),
    Format("cenc", "tables of the China Earthquake Networks Center", (), "cenc"),
    Format("obspy", "any event file that ObsPy reads; only by name, with the extra", (), "obspy_bridge"),
)

#: First bytes of files that are not catalogues, and what to say.
_STRANGERS = {
    b"PK\x03\x04": "a ZIP or Excel file; unpack it, or save the sheet as CSV",
    b"\xff\xfe": "UTF-16 text; convert it: iconv -f utf-16 -t utf-8 IN > OUT",
    b"\xfe\xff": "UTF-16 text; convert it: iconv -f utf-16 -t utf-8 IN > OUT",
}


def format_named(name: str) -> Format:
    """The format called `name`, or :class:`UnknownNameError`."""
    for known in (*FORMATS, *READ_ONLY):
        if known.name == name:
            return known
    raise UnknownNameError("catalogue format", name, [known.name for known in (*FORMATS, *READ_ONLY)])


def format_to_write(name: str) -> Format:
    """The format called `name` that can be written, or :class:`UnknownNameError`, which lists those."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise UnknownNameError("catalogue format to write", name, [known.name for known in FORMATS])


def format_of_name(path: Path) -> Format:
    """The format in which a file called `path` is written (``.gz`` is passed over)."""
    name = path.name.lower().removesuffix(".gz")
    for known in FORMATS:
        if name.endswith(known.suffixes):
            return known
    endings = ", ".join(ending for known in FORMATS for ending in known.suffixes)
    raise CatalogError(
        f"{path}: no format goes with this name; end it in one of {endings} (and .gz), or name the format: "
        f"{', '.join(known.name for known in FORMATS)}"
    )


def format_of_content(head: bytes) -> Format:
    """The format of a file that begins with `head` (some kilobytes, unzipped); the name does not count.

    Raises
    ------
    CatalogError
        When it looks like none.
    """
    for magic, what in _STRANGERS.items():
        if head.startswith(magic):
            raise CatalogError(f"is {what}")
    if head.startswith(b"PAR1"):
        return format_named("parquet")
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip()
    if not text:
        raise CatalogError("is empty: not even a header")
    if _looks_like("cenc", head):
        return format_named("cenc")
    if "\0" in text:
        raise CatalogError(f"is binary, and not Parquet (it begins with {head[:8]!r}); {_choices()}")
    return format_named(_format_of_text(text))


def _format_of_text(text: str) -> str:
    if text.startswith("<"):
        return "quakeml"
    if text.startswith(("{", "[")):
        return "geojson"
    lines = text.splitlines()
    if lines[0].count("|") >= 9:
        return "fdsn-text"
    for name in ("ndk", "jma"):
        if _looks_like(name, lines[0]):
            return name
    header = next((line for line in lines if not line.startswith(("#", "%"))), "").lower()
    for name in ("horus", "zmap"):
        if _looks_like(name, header):
            return name
    names = {name.strip(' "') for name in header.split(",")}
    if {"lon", "lat", "time_string"} <= names:
        return "csep"
    if {"time", "mag", "magtype", "updated"} <= names:
        return "comcat-csv"
    from houfeng.catalogs.csv_tables import dialect_of
    from houfeng.catalogs.delimited import find_columns

    if len(find_columns(header.split(dialect_of(header).delimiter))) < 2:
        raise CatalogError(f"is not a catalogue in a known format; it begins {json.dumps(text[:60])}; {_choices()}")
    return "csv"


def _looks_like(name: str, head: str | bytes) -> bool:
    return import_module(f"houfeng.catalogs.{format_named(name).module}").looks_like(head)


def _choices() -> str:
    return "known formats: " + ", ".join(known.name for known in (*FORMATS, *READ_ONLY))
