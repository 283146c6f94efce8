"""Rows of an Office Open XML workbook with the standard library alone, for data we read but do not ship."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def sheet_rows(file: Path | IO[bytes], sheet: str | None = None) -> Iterator[list[str]]:
    """Rows of `sheet` (the first one unless named) as text, "" for an empty cell; dates stay serial numbers."""
    with zipfile.ZipFile(file) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        sheets = {one.get("name"): one.get(_RELATION) for one in book.iter(_MAIN + "sheet")}
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        targets = {one.get("Id"): one.get("Target", "").removeprefix("/xl/") for one in relations}
        chosen = sheet if sheet is not None else next(iter(sheets))
        shared = []
        if "xl/sharedStrings.xml" in archive.namelist():
            strings = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
            shared = ["".join(part.text or "" for part in item.iter(_MAIN + "t")) for item in strings]
        table = ElementTree.fromstring(archive.read("xl/" + targets[sheets[chosen]]))
    for row in table.iter(_MAIN + "row"):
        cells: list[str] = []
        for cell in row.iter(_MAIN + "c"):
            column = _column(cell.get("r", ""))
            cells += [""] * (column - len(cells))
            cells.append(_text(cell, shared))
        yield cells


def _column(reference: str) -> int:
    """Column number of a cell such as "AB12", from 0."""
    number = 0
    for letter in re.match(r"[A-Z]+", reference)[0]:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _text(cell: ElementTree.Element, shared: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(_MAIN + "t"))
    value = cell.findtext(_MAIN + "v", "")
    return shared[int(value)] if cell.get("t") == "s" and value else value
