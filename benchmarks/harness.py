"""What all benchmarks share: where the data are, the clocks, the table, the line for machines.

A benchmark is a script: ``python benchmarks/NAME.py [--shared DIR] [--json]``. It prints one row per figure with
its target and the best published or measured peer, and with ``--json`` ends in one line
``{"name", "figures", "targets", "met"}``.
"""

import argparse
import csv
import gzip
import io
import json
import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from houfeng.geo import EARTH_RADIUS_KM

#: Radius of the distances in the published EarthquakeNPP parameters; the x and y of its files use 6371 km.
PUBLISHED_RADIUS_KM = 6378.1


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes
    ----------
    name, value, unit
        What was measured.
    target
        What it should reach, None for information only; at most, or at least where ``at_least``.
    peer
        What others reach, in a few words.
    """

    name: str
    value: float
    unit: str = ""
    target: float | None = None
    at_least: bool = False
    peer: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is reached (always without one)."""
        if self.target is None:
            return True
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass
class Stopwatch:
    """Seconds spent, filled in when the measured block ends."""

    cpu_s: float = field(default=float("nan"))
    wall_s: float = field(default=float("nan"))


@dataclass(frozen=True, eq=False)
class EarthquakeNpp:
    """One catalogue of the EarthquakeNPP benchmark (Stockman and others 2024), in order of time.

    Attributes
    ----------
    time : ndarray of datetime64[us]
    longitude, latitude, magnitude : ndarray of float64
    x_km, y_km : ndarray of float64
        Plane coordinates at the scale of the published parameters (radius 6378.1 km).
    split : ndarray of str
        "aux", "train", "val" or "test".
    """

    time: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    magnitude: np.ndarray
    x_km: np.ndarray
    y_km: np.ndarray
    split: np.ndarray

    def days_since(self, moment: str) -> np.ndarray:
        """Days from `moment` (ISO, UTC) to each event."""
        return (self.time - np.datetime64(moment, "us")) / np.timedelta64(1, "D")


def arguments(description: str, *, files: Mapping[str, str] | None = None, **flags: str) -> argparse.Namespace:
    """Read the command line: ``shared`` (a Path that exists), ``json``, and `flags` and `files`, each with its help."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--shared", type=Path, metavar="DIR", help="folder of the shared data sets")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    for name, text in flags.items():
        parser.add_argument("--" + name.replace("_", "-"), action="store_true", help=text)
    for name, text in (files or {}).items():
        parser.add_argument("--" + name.replace("_", "-"), type=Path, metavar="FILE", help=text)
    given = parser.parse_args()
    given.shared = _located(given.shared)
    return given


def _located(given: Path | None) -> Path:
    """The folder given, else HOUFENG_SHARED_DATA, else shared/data beside the project."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    path = given or Path(os.environ.get("HOUFENG_SHARED_DATA") or beside)
    if not path.is_dir():
        sys.exit(f"no shared data at {path}; give --shared DIR or set HOUFENG_SHARED_DATA")
    return path


def read_earthquakenpp(path: Path) -> EarthquakeNpp:
    """Read an EarthquakeNPP ``.csv.gz``."""
    with gzip.open(path, "rb") as stream:
        header, *rows = csv.reader(io.StringIO(stream.read().decode()))
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    scale = PUBLISHED_RADIUS_KM / EARTH_RADIUS_KM
    return EarthquakeNpp(
        time=np.array(columns["time"], "datetime64[us]"),
        longitude=np.array(columns["longitude"], float),
        latitude=np.array(columns["latitude"], float),
        magnitude=np.array(columns["magnitude"], float),
        x_km=np.array(columns["x"], float) * scale,
        y_km=np.array(columns["y"], float) * scale,
        split=np.array(columns["split"]),
    )


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Measure a block: CPU seconds of all threads of this process, and wall seconds."""
    watch = Stopwatch()
    cpu, wall = time.process_time(), time.perf_counter()
    yield watch
    watch.cpu_s, watch.wall_s = time.process_time() - cpu, time.perf_counter() - wall


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB (10^6 bytes)."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def report(name: str, figures: Sequence[Figure], as_json: bool) -> bool:
    """Print the table and, if asked, the line for machines; return whether every target is met."""
    lines = [("figure", "value", "target", "", "peer")]
    for f in figures:
        sign = ">=" if f.at_least else "<="
        target = "" if f.target is None else f"{sign} {_text(f.target)}"
        verdict = "" if f.target is None else ("met" if f.met else "MISSED")
        lines.append((f.name, f"{_text(f.value)} {f.unit}".strip(), target, verdict, f.peer))
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    print(name)
    for line in lines:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    met = all(f.met for f in figures)
    if as_json:
        numbers = {f.name: f.value for f in figures}
        targets = {f.name: f.target for f in figures if f.target is not None}
        print(json.dumps({"name": name, "figures": numbers, "targets": targets, "met": met}))
    return met


def _text(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 1000 else f"{value:.4g}"
