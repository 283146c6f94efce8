"""ObsPy, where it is installed (``pip install 'houfeng[obspy]'``): its event objects, and the formats it reads.

Our own reader takes from QuakeML what a catalogue needs and leaves the rest. Who needs picks, arrivals or all
origins of an event reads the file with ObsPy, works on its objects, and hands them to :func:`from_obspy`; the event
files that only ObsPy knows (SeisComP, Nordic, IMS bulletins, NonLinLoc ...) are read by ``format="obspy"``.
Of an event the same is taken as from QuakeML, see :mod:`houfeng.catalogs.quakeml`.

Reference: Krischer et al. (2015), ObsPy, doi:10.1088/1749-4699/8/1/014003.
"""

import io
from collections.abc import Iterator
from itertools import islice
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

from houfeng.catalogs import quakeml
from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.sifting import Batch, Reading, sift
from houfeng.errors import CatalogError, MissingExtraError
from houfeng.values import Provenance

if TYPE_CHECKING:
    import obspy.core.event


def from_obspy(
    events: "obspy.core.event.Catalog", *, name: str = "ObsPy", provenance: Provenance | None = None
) -> Reading:
    """Judge ObsPy's events as those of a file are judged.

    Parameters
    ----------
    events
        An ``obspy.core.event.Catalog``, or any iterable of its events.
    name, provenance
        As in :func:`houfeng.catalogs.reading.parse_catalog`.

    Returns
    -------
    Reading
        The catalogue, and the events kept out of it with the reason (no origin, no magnitude, a quarry blast ...),
        numbered from 1.

    Raises
    ------
    CatalogError
        When there are events, and not one of them is usable.
    """
    return sift(_batches(events), name=name, provenance=provenance)


def to_obspy(catalog: Catalog) -> "obspy.core.event.Catalog":
    """ObsPy's objects for `catalog`: one origin and one magnitude for each event, as its QuakeML is written.

    The provider's id stands in ``event.extra["eventid"]``; the time of issue and the provenance have no place.

    Raises
    ------
    MissingExtraError
        Without ObsPy.
    CatalogError
        When an identifier holds a character that XML does not allow.
    """
    read_events = _obspy().read_events
    stream = io.BytesIO()
    quakeml.write(catalog, stream)
    stream.seek(0)
    return read_events(stream, format="QUAKEML")


def read(stream: BinaryIO, *, assume_utc: bool = True) -> Iterator[Batch]:
    """Batches of the events in any file ObsPy reads, all of it held in memory; ObsPy's times are UTC.

    Raises
    ------
    MissingExtraError
        Without ObsPy.
    CatalogError
        When ObsPy does not know the format, or fails on the file.
    """
    del assume_utc
    read_events = _obspy().read_events
    data = io.BytesIO(stream.read())
    try:
        events = read_events(data)
    except Exception as error:  # its plugins raise whatever happens to them; all of it means one thing
        told = "no format it knows" if "Unknown format" in str(error) else f"{type(error).__name__}: {error}"
        raise CatalogError(f"ObsPy cannot read it ({told}); name the format if houfeng reads it itself") from error
    yield from _batches(events)


def _obspy() -> ModuleType:
    try:
        import obspy
    except ImportError as error:
        raise MissingExtraError(
            "ObsPy is not installed; install it (pip install 'houfeng[obspy]'), or convert the file to QuakeML, "
            "which houfeng reads itself"
        ) from error
    return obspy


def _batches(events: "obspy.core.event.Catalog") -> Iterator[Batch]:
    rows, first = (_texts(event).row() for event in events), 1
    while part := list(islice(rows, quakeml.BATCH_ROWS)):
        yield quakeml.batch_of(part, first)
        first += len(part)


def _texts(event: "obspy.core.event.Event") -> quakeml.EventTexts:
    """What our own reader finds in the QuakeML of this event."""
    extra = getattr(event, "extra", {})
    attributes = {"publicID": _text(event.resource_id)} | {
        f"{quakeml.CATALOG_NS} {name}": str(extra[name].value)
        for name in ("eventid", "eventsource")
        if name in extra and extra[name].namespace == quakeml.CATALOG_NS
    }
    return quakeml.EventTexts(
        event_id=quakeml.provider_id(attributes),
        leaves={
            "type": _text(event.event_type),
            "preferred_origin": _text(event.preferred_origin_id),
            "preferred_magnitude": _text(event.preferred_magnitude_id),
        },
        origins={
            _text(origin.resource_id) or f"#{i}": {
                "time": _text(origin.time),
                "longitude": _text(origin.longitude),
                "latitude": _text(origin.latitude),
                "depth_m": _text(origin.depth),
            }
            for i, origin in enumerate(event.origins)
        },
        magnitudes={
            _text(magnitude.resource_id) or f"#{i}": {
                "magnitude": _text(magnitude.mag),
                "magnitude_type": _text(magnitude.magnitude_type),
                "origin": _text(magnitude.origin_id),
            }
            for i, magnitude in enumerate(event.magnitudes)
        },
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
