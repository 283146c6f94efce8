"""The situation report as one A4 page of PDF, by Typst from a Jinja2 template.

Every value the template prints becomes a string of Typst's own code (:func:`typst_string`), so no text, whoever
wrote it, can be read as markup. Fonts are those of the package, nothing is fetched, the date is that of the report:
equal documents give equal bytes.
"""

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from houfeng.errors import InputError
from houfeng.reports.fonts import FAMILY, font_files
from houfeng.reports.situation import Room, situation_view
from houfeng.times import parse_time

#: What is tried, in this order, until everything stands on one page: room for lists and texts, size of type in pt,
#: height of the map in mm.
FITS = (
    (Room(), 9.8, 120.0),
    (Room(), 9.3, 112.0),
    (Room(), 8.8, 104.0),
    (Room(), 8.4, 96.0),
    (Room(), 7.8, 84.0),
    (Room(actions=5, zones=6, needs=6, forecast=3, unknown=4, sources=4, characters=220), 7.6, 76.0),
    (Room(actions=4, zones=4, needs=4, forecast=2, unknown=3, sources=3, characters=140), 7.4, 66.0),
    (Room(actions=3, zones=3, needs=3, forecast=2, unknown=2, sources=2, characters=70), 7.0, 56.0),
    (Room(actions=2, zones=2, needs=2, forecast=1, unknown=1, sources=1, characters=32), 6.4, 46.0),
)
PNG = b"\x89PNG\r\n\x1a\n"


class Code(str):
    """Typst code of our own, printed as it is."""


def typst_string(value: object) -> str:
    r"""A value as a string literal of Typst: what it holds is printed, never read as markup or code.

    Examples
    --------
    >>> print(typst_string('a "quoted" #text'))
    "a \"quoted\" #text"
    """
    if isinstance(value, Code):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else " " for c in text) + '"'


def situation_pdf(document: Mapping, pictures: Mapping[str, bytes], language: str) -> bytes:
    """One A4 page.

    Parameters
    ----------
    document
        See :mod:`houfeng.reports.situation`.
    pictures
        PNG by name; ``map`` is shown, and said to be not available when absent.
    language
        ``en`` or ``zh``.

    Returns
    -------
    bytes
        PDF; lists too long for the page are cut and say how many entries more there are.

    Raises
    ------
    InputError
        For a document or picture that cannot be read, or one that does not fit on a page even when cut.
    """
    picture = pictures.get("map")
    if picture is not None and not picture.startswith(PNG):
        raise InputError("the picture 'map' is not a PNG; give the bytes of a PNG file, or leave it out")
    with tempfile.TemporaryDirectory() as folder:
        if picture is not None:
            Path(folder, "map.png").write_bytes(picture)
        for room, size_pt, map_mm in FITS:
            source = _source(document, language, room, size_pt, map_mm, picture is not None)
            pages, pdf = _typeset(source, folder, _stamp(document))
            if pages == 1:
                return pdf
    raise InputError("the situation report does not fit on one page even when every list is cut; shorten its texts")


def _source(document: Mapping, language: str, room: Room, size_pt: float, map_mm: float, has_map: bool) -> str:
    page = situation_view(document, language, room)
    look = {"size": Code(f"{size_pt}pt"), "map_height": Code(f"{map_mm}mm"), "has_map": has_map, "family": FAMILY}
    return _template().render(p=page, look=look)


@cache
def _template():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # what is printed is escaped for Typst, not for HTML
        loader=PackageLoader("houfeng.reports", "templates"),
        undefined=StrictUndefined,
        finalize=typst_string,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["code"] = Code
    return environment.get_template("situation.typ.j2")


@cache
def _fonts():
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font_files()[0].parent])


def _typeset(source: str, folder: str, stamp: datetime) -> tuple[int, bytes]:
    """Pages and PDF of a Typst text whose pictures lie in `folder`."""
    import typst

    Path(folder, "main.typ").write_text(source, encoding="utf-8")
    compiler = typst.Compiler(Path(folder, "main.typ"), root=folder, font_paths=_fonts(), ignore_system_fonts=True)
    pages = int(compiler.query("<pages>", field="value", one=True))
    return pages, compiler.compile(timestamp=stamp)


def _stamp(document: Mapping) -> datetime:
    issued = document.get("issued")
    return parse_time(issued) if issued else datetime.fromtimestamp(0, UTC)
