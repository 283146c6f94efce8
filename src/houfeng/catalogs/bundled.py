"""The catalogues that ship with Houfeng; where they come from is told in ``houfeng/data/SOURCES.md``.

They are final catalogues without issue times: every event counts as issued 20 minutes after its origin, and
everything computed from them is pseudo-prospective.
"""

import hashlib
import json
from functools import cache
from glob import escape
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import SourceError, UnknownNameError
from houfeng.times import parse_time
from houfeng.values import Provenance

#: Origin of the last event of the file the extracts are made from: later than this, they know nothing.
DATA_END = parse_time("2025-11-09T23:44:25.067Z")

#: Smallest magnitude in each extract. Not a completeness magnitude: see :mod:`houfeng.catalogs.completeness`.
CUT_OFF = {"chile": 4.0, "california": 3.5, "sichuan-yunnan": 4.5, "global": 5.0}

_LICENCE = "USGS, public domain"
_QUERY = """
SELECT event_id, time, longitude, latitude, coalesce(depth_km, 'nan'::DOUBLE) AS depth_km, magnitude,
       magnitude_type
FROM read_parquet(?) ORDER BY time
"""


def bundled_names() -> tuple[str, ...]:
    """Names of the catalogues that ship with Houfeng."""
    return tuple(CUT_OFF)


def load_bundled(name: str) -> Catalog:
    """Read one of the catalogues that ship with Houfeng.

    Parameters
    ----------
    name
        ``chile`` (M4.0 and above, from 1973, with a wide margin for sources outside the region of that name),
        ``california`` (M3.5), ``sichuan-yunnan`` (M4.5, both likewise) or ``global`` (M5.0 and above).

    Raises
    ------
    UnknownNameError
        When there is no such catalogue.
    SourceError
        When its file is missing or damaged.
    """
    if name not in CUT_OFF:
        raise UnknownNameError("bundled catalogue", name, CUT_OFF)
    problem = _problem(name)
    if problem is not None:
        raise SourceError(f"{problem}; reinstall Houfeng (pip install --force-reinstall --no-deps houfeng)")
    import duckdb

    with resources.as_file(_file(name)) as path, duckdb.connect() as database:
        columns = database.execute(_QUERY, [escape(str(path))]).fetchnumpy()
    return Catalog.of(
        provenance=provenance_of(name),
        **{column: np.asarray(values) for column, values in columns.items()},
    )


def provenance_of(name: str) -> Provenance:
    """Source, licence and end of a bundled catalogue, without reading it."""
    if name not in CUT_OFF:
        raise UnknownNameError("bundled catalogue", name, CUT_OFF)
    return Provenance(
        source=f"USGS ANSS ComCat, bundled extract '{name}' of M{CUT_OFF[name]:.1f} and above",
        licence=_LICENCE,
        data_end=DATA_END,
        publication_delay_s=1200.0,
        final=True,
    )


def verify_bundled() -> tuple[str, ...]:
    """Check every bundled file against its checksum; returns what is wrong, empty when all is well."""
    problems = (_problem(name) for name in CUT_OFF)
    return tuple(problem for problem in problems if problem is not None)


def _folder() -> Traversable:
    return resources.files("houfeng.data").joinpath("catalogs")


def _file(name: str) -> Traversable:
    return _folder().joinpath(f"{name}.parquet")


@cache
def _checksums() -> dict[str, str]:
    return json.loads(_folder().joinpath("checksums.json").read_text(encoding="utf-8"))


def _problem(name: str) -> str | None:
    """What is wrong with the file of a bundled catalogue, None when it is sound."""
    file = _file(name)
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        return f"the bundled catalogue '{name}' cannot be read ({error.strerror or error})"
    if digest != _checksums().get(file.name):
        return f"the bundled catalogue '{name}' is damaged (its checksum is not the one it was built with)"
    return None
