"""QuakeML 1.2 (BED): read event by event in flat memory, with the standard library's parser.

Of an event: its id, type, preferred origin (else the first) and preferred magnitude (else the first of that
origin, else the first). Depths are metres in the file; times are UTC by definition. Document types and
entities are refused, so no entity bomb goes off.

Reference: Schorlemmer, Euchner, Kaestli & Saul (2011), QuakeML, doi:10.4401/ag-4874.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, DecimalException
from typing import BinaryIO
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.delimited import read_texts, written_numbers, written_times
from houfeng.catalogs.sifting import Batch, Rejected, reject
from houfeng.errors import CatalogError

BATCH_ROWS = 5_000
_CHUNK = 1 << 16
_DEEPEST = 100
#: Namespace of the ANSS attributes ``eventid`` and ``eventsource``.
CATALOG_NS = "http://anss.org/xmlns/catalog/0.1"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Leaves that are read, by path below ``event``.
_LEAVES = {
    "/event/type": "type",
    "/event/preferredOriginID": "preferred_origin",
    "/event/preferredMagnitudeID": "preferred_magnitude",
    "/event/origin/time/value": "time",
    "/event/origin/longitude/value": "longitude",
    "/event/origin/latitude/value": "latitude",
    "/event/origin/depth/value": "depth_m",
    "/event/magnitude/mag/value": "magnitude",
    "/event/magnitude/type": "magnitude_type",
    "/event/magnitude/originID": "origin",
}
_KEYS = ("event_id", "time", "longitude", "latitude", "depth_km", "magnitude", "magnitude_type", "event_type")


@dataclass(slots=True)
class EventTexts:
    """An event while it is being read: the texts of its leaves, of its origins and magnitudes by publicID."""

    event_id: str = ""
    leaves: dict[str, str] = field(default_factory=dict)
    origins: dict[str, dict[str, str]] = field(default_factory=dict)
    magnitudes: dict[str, dict[str, str]] = field(default_factory=dict)

    def row(self) -> tuple[str, ...]:
        """Texts in the order of ``_KEYS``."""
        chosen = self.leaves.get("preferred_origin", "")
        if chosen not in self.origins:
            chosen = next(iter(self.origins), "")
        origin = self.origins.get(chosen, {})
        return (
            self.event_id,
            origin.get("time", ""),
            origin.get("longitude", ""),
            origin.get("latitude", ""),
            _kilometres(origin.get("depth_m", "")),
            *self._magnitude(chosen),
            self.leaves.get("type", ""),
        )

    def _magnitude(self, origin: str) -> tuple[str, str]:
        magnitude = self.magnitudes.get(self.leaves.get("preferred_magnitude", ""))
        if magnitude is None:
            of_origin = (one for one in self.magnitudes.values() if one.get("origin") == origin)
            magnitude = next(of_origin, next(iter(self.magnitudes.values()), {}))
        return magnitude.get("magnitude", ""), magnitude.get("magnitude_type", "")


class _Handler:
    """What the parser calls: it keeps a path and one event, and hands out finished rows."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []
        self.seen = 0
        self._event: EventTexts | None = None
        self._path = ""
        self._lengths: list[int] = []
        self._into: dict[str, str] = {}
        self._leaf = ""
        self._text: list[str] | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._lengths and local.lower() != "quakeml":
            raise CatalogError(f"XML, but not QuakeML: its root is <{local}>")
        if len(self._lengths) > _DEEPEST:
            raise CatalogError(f"XML nested deeper than {_DEEPEST} levels; no QuakeML is")
        if self._event is None and local == "event" and len(self._lengths) == 2:
            self._event, self._path = EventTexts(provider_id(attributes)), ""
            self._into = self._event.leaves
        self._lengths.append(len(self._path))
        self._path += "/" + local
        if self._event is None:
            return
        if self._path in ("/event/origin", "/event/magnitude"):
            group = self._event.origins if local == "origin" else self._event.magnitudes
            key = attributes.get("publicID", f"#{len(group)}")
            self._into = group.setdefault(key, {})
        elif self._path in _LEAVES:
            self._leaf, self._text = _LEAVES[self._path], []

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, name: str) -> None:
        if self._event is not None:
            if self._text is not None and self._path in _LEAVES:
                self._into[self._leaf], self._text = "".join(self._text).strip(), None
            elif self._path in ("/event/origin", "/event/magnitude"):
                self._into = self._event.leaves
            elif self._path == "/event":
                self.rows.append(self._event.row())
                self.seen += 1
                self._event = None
        self._path = self._path[: self._lengths.pop()]

    def doctype(self, *_: object) -> None:
        raise CatalogError(
            "declares a document type (DTD), which QuakeML has not; refused, because it can hide an entity "
            "bomb (a web page saved as XML has one too)"
        )


def read(stream: BinaryIO, *, assume_utc: bool = True) -> Iterator[Batch]:
    """Batches of the events; a file that breaks off gives the events before the break.

    Raises
    ------
    CatalogError
        When it is not QuakeML, declares a document type, or breaks before its first event ends.
    """
    del assume_utc
    handler = _Handler()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = handler.data, handler.doctype
    broken: tuple[Rejected, ...] = ()
    first = 1
    while not broken:
        chunk = stream.read(_CHUNK)
        try:
            parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            if not handler.seen:
                raise CatalogError(f"not well-formed XML: {error}") from error
            reason = "the XML breaks off here, nothing after it is read"
            broken = (reject(handler.seen + 1, reason, str(error)),)
        if len(handler.rows) >= BATCH_ROWS or broken or not chunk:
            yield batch_of(handler.rows, first, broken)
            first, handler.rows = handler.seen + 1, []
        if not chunk:
            return


def batch_of(rows: Sequence[tuple[str, ...]], first: int, rejected: tuple[Rejected, ...] = ()) -> Batch:
    """A batch of the :meth:`EventTexts.row` of events numbered from `first` on."""
    texts = {key: [row[i] for row in rows] for i, key in enumerate(_KEYS)}
    columns, faults = read_texts(texts, assume_utc=True)
    return Batch(
        row=np.arange(first, first + len(rows)),
        columns=columns,
        text=lambda i: " ".join(filter(None, rows[i])),
        faults=faults,
        rejected=rejected,
    )


def provider_id(attributes: Mapping[str, str]) -> str:
    """The provider's short id: the ANSS catalogue attributes where there are, else the end of the publicID.

    ``smi:local/query?eventid=5198632`` and ``smi:ISC/evid=611462456`` give the number, and
    ``smi:local/ndk/C200604092050A/event`` the part before the word.
    """
    number = attributes.get(f"{CATALOG_NS} eventid", "")
    if number:
        return attributes.get(f"{CATALOG_NS} eventsource", "") + number
    public = attributes.get("publicID", "")
    found = re.search(r"(?:eventid|evid)=([^&;]+)", public, re.IGNORECASE)
    return found[1] if found else public.removesuffix("/event").rpartition("/")[2]


def _kilometres(metres: str) -> str:
    """Metres as km, digit by digit, so that nothing is rounded."""
    try:
        return str(Decimal(metres).scaleb(-3))
    except DecimalException:
        return metres


def _metres(kilometres: str) -> str:
    return format(Decimal(kilometres).scaleb(3), "f")


def write(catalog: Catalog, stream: BinaryIO) -> None:
    """Write one origin and one magnitude for each event; the time of issue has no place.

    The event's id stands in ``catalog:eventid`` (the ANSS attribute), the publicIDs are numbered.
    """
    about = escape(f"{catalog.provenance.source}; licence: {catalog.provenance.licence}")
    stream.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" '
        f'xmlns="http://quakeml.org/xmlns/bed/1.2" xmlns:catalog="{CATALOG_NS}">\n'
        f'<eventParameters publicID="quakeml:houfeng/catalog">\n<description>{about}</description>\n'.encode()
    )
    texts = zip(
        map(_checked, catalog.event_id),
        written_times(catalog.time),
        written_numbers(catalog.longitude),
        written_numbers(catalog.latitude),
        written_numbers(catalog.depth_km),
        written_numbers(catalog.magnitude),
        map(_checked, catalog.magnitude_type),
        strict=True,
    )
    for number, row in enumerate(texts):
        stream.write(_event_xml(number, row).encode())
    stream.write(b"</eventParameters>\n</q:quakeml>\n")


def _event_xml(number: int, row: Sequence[str]) -> str:
    event_id, time, longitude, latitude, depth_km, magnitude, kind = row
    base = f"quakeml:houfeng/event/{number}"
    depth = f"<depth><value>{_metres(depth_km)}</value></depth>" if depth_km else ""
    scale = f"<type>{escape(kind)}</type>" if kind else ""
    return (
        f'<event publicID="{base}" catalog:eventid={quoteattr(event_id)}>'
        f"<preferredOriginID>{base}/origin</preferredOriginID>"
        f"<preferredMagnitudeID>{base}/magnitude</preferredMagnitudeID><type>earthquake</type>"
        f'<origin publicID="{base}/origin"><time><value>{time}</value></time>'
        f"<longitude><value>{longitude}</value></longitude><latitude><value>{latitude}</value></latitude>"
        f'{depth}</origin><magnitude publicID="{base}/magnitude"><mag><value>{magnitude}</value></mag>'
        f"{scale}<originID>{base}/origin</originID></magnitude></event>\n"
    )


def _checked(word: str) -> str:
    if _NOT_XML.search(word):
        raise CatalogError(f"{word!r} holds a character that XML does not allow; use another format")
    return word
