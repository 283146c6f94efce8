"""What was known before a forecast, and what followed it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import UnknownNameError
from houfeng.service.runs import region_of
from houfeng.store import ForecastRecord, StoreReader

#: Earthquakes before a forecast go back so far, or as far as its window is long if that is longer.
BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Observed:
    """Earthquakes in the region of a forecast, of at least its smallest magnitude.

    Attributes
    ----------
    span
        How far `before` goes back.
    before
        Issued by the moment of the forecast.
    after
        In the window, as far as the data reach; None where they end before it begins.
    known_until
        End of the data.
    whole
        Whether the data reach the end of the window.
    """

    span: timedelta
    before: Catalog
    after: Catalog | None
    known_until: datetime
    whole: bool


def observed(store: StoreReader, record: ForecastRecord) -> Observed | None:
    """Earthquakes around a forecast; None for a run without a catalogue, or whose region nobody knows any more."""
    run, issue, window = store.run(record.run), record.issue, record.window
    if not run.catalog:
        return None
    try:
        region = region_of(run, issue.region)
    except UnknownNameError:
        return None
    catalog = _catalog(store.folder, run.catalog)
    known_until = catalog.provenance.data_end
    lowest = record.counts[0].magnitude
    span = max(BEFORE, window.end - window.start)
    before = catalog.as_of(issue.as_of).between(issue.as_of - span, issue.as_of)
    after = None
    if known_until > window.start:
        after = catalog.between(window.start, window.end).above(lowest).within(region)
    return Observed(span, before.above(lowest).within(region), after, known_until, known_until >= window.end)


@lru_cache(maxsize=2)
def _catalog(folder: Path, digest: str) -> Catalog:
    """A snapshot by its content, which never changes."""
    with StoreReader.open(folder) as store:
        return store.load_catalog(digest)
