"""Alerts to CAP 1.2 XML and back.

Common Alerting Protocol 1.2, OASIS Standard, 1 July 2010. Times are written in UTC as ``-00:00``, as its section
3.3.2 asks; polygons and circles as "latitude,longitude" in WGS 84.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import datetime

from houfeng.alerts.alert import Alert, Area, Circle, Info, Reference
from houfeng.alerts.structure import NAMESPACE, parse, require_valid
from houfeng.errors import InputError
from houfeng.times import parse_time


def write_cap(alert: Alert) -> bytes:
    """CAP 1.2 XML of `alert`, UTF-8, checked against our own reading of the schema before it is handed out.

    Raises
    ------
    InputError
        When it does not have the structure of CAP 1.2.
    """
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", alert.identifier)
    _add(root, "sender", alert.sender)
    _add(root, "sent", _time(alert.sent))
    _add(root, "status", alert.status)
    _add(root, "msgType", alert.message_type)
    _add(root, "scope", alert.scope)
    _add_if(root, "note", alert.note)
    _add_if(root, "references", " ".join(f"{r.sender},{r.identifier},{_time(r.sent)}" for r in alert.references))
    _add_if(root, "incidents", alert.event_id)
    for info in alert.infos:
        _add_info(root, info)
    ET.indent(root, " ")
    content = ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
    require_valid(content, alert.identifier)
    return content


def read_cap(content: bytes, where: str = "the CAP message") -> Alert:
    """Read a CAP 1.2 message, ours or another's.

    Parameters
    ----------
    content
        XML. Documents with a DTD are refused, as entities can be made to explode.
    where
        Its name, for messages.

    Raises
    ------
    InputError
        When it is not XML, not CAP 1.2, or a value makes no sense; names the element.
    """
    root = parse(content, where)
    require_valid(content, where)
    references = _text(root, "references").split()
    return Alert(
        identifier=_text(root, "identifier"),
        sender=_text(root, "sender"),
        sent=parse_time(_text(root, "sent")),
        status=_text(root, "status"),
        message_type=_text(root, "msgType"),
        scope=_text(root, "scope"),
        note=_text(root, "note"),
        references=tuple(_reference(text, where) for text in references),
        event_id=_text(root, "incidents"),
        infos=tuple(_info(element, where) for element in root.findall(_name("info"))),
    )


def _add_info(root: ET.Element, info: Info) -> None:
    element = ET.SubElement(root, "info")
    _add(element, "language", info.language)
    _add_all(element, "category", info.categories)
    _add(element, "event", info.event)
    _add_all(element, "responseType", info.responses)
    _add(element, "urgency", info.urgency)
    _add(element, "severity", info.severity)
    _add(element, "certainty", info.certainty)
    _add_pairs(element, "eventCode", info.event_codes)
    for name, moment in (("onset", info.onset), ("expires", info.expires)):
        _add_if(element, name, _time(moment) if moment else "")
    _add_if(element, "senderName", info.sender_name)
    _add_if(element, "headline", info.headline)
    _add_if(element, "description", info.description)
    _add_if(element, "instruction", info.instruction)
    _add_if(element, "contact", info.contact)
    _add_pairs(element, "parameter", info.parameters)
    for area in info.areas:
        _add_area(element, area)


def _add_area(parent: ET.Element, area: Area) -> None:
    element = ET.SubElement(parent, "area")
    _add(element, "areaDesc", area.description)
    rings = (" ".join(f"{_plain(lat)},{_plain(lon)}" for lon, lat in ring) for ring in area.polygons)
    _add_all(element, "polygon", rings)
    _add_all(
        element,
        "circle",
        (f"{_plain(c.latitude)},{_plain(c.longitude)} {_plain(c.radius_km)}" for c in area.circles),
    )
    _add_pairs(element, "geocode", area.geocodes)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def _add_if(parent: ET.Element, name: str, text: str) -> None:
    if text:
        _add(parent, name, text)


def _add_all(parent: ET.Element, name: str, texts: Iterable[str]) -> None:
    for text in texts:
        _add(parent, name, text)


def _add_pairs(parent: ET.Element, name: str, pairs: Iterable[tuple[str, str]]) -> None:
    for key, value in pairs:
        pair = ET.SubElement(parent, name)
        _add(pair, "valueName", key)
        _add(pair, "value", value)


def _time(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}-00:00"


def _plain(number: float) -> str:
    """Decimal without exponent, no digits that say nothing."""
    return f"{number:.5f}".rstrip("0").rstrip(".")


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _text(parent: ET.Element, tag: str) -> str:
    return (parent.findtext(_name(tag)) or "").strip()


def _texts(parent: ET.Element, tag: str) -> tuple[str, ...]:
    return tuple((child.text or "").strip() for child in parent.findall(_name(tag)))


def _pairs_of(parent: ET.Element, tag: str) -> tuple[tuple[str, str], ...]:
    return tuple((_text(child, "valueName"), _text(child, "value")) for child in parent.findall(_name(tag)))


def _moment(parent: ET.Element, tag: str) -> datetime | None:
    text = _text(parent, tag)
    return parse_time(text) if text else None


def _reference(text: str, where: str) -> Reference:
    parts = text.split(",")
    if len(parts) != 3:
        raise InputError(f"{where}: the reference '{text}' is not sender,identifier,sent")
    return Reference(parts[0], parts[1], parse_time(parts[2]))


def _info(element: ET.Element, where: str) -> Info:
    return Info(
        language=_text(element, "language") or "en-US",
        categories=_texts(element, "category"),
        event=_text(element, "event"),
        responses=_texts(element, "responseType"),
        urgency=_text(element, "urgency"),
        severity=_text(element, "severity"),
        certainty=_text(element, "certainty"),
        event_codes=_pairs_of(element, "eventCode"),
        onset=_moment(element, "onset"),
        expires=_moment(element, "expires"),
        sender_name=_text(element, "senderName"),
        headline=" ".join(_text(element, "headline").splitlines()),
        description=_text(element, "description"),
        instruction=_text(element, "instruction"),
        contact=_text(element, "contact"),
        parameters=_pairs_of(element, "parameter"),
        areas=tuple(_area(area, where) for area in element.findall(_name("area"))),
    )


def _area(element: ET.Element, where: str) -> Area:
    try:
        polygons = tuple(
            tuple((float(lon), float(lat)) for lat, lon in (pair.split(",") for pair in text.split()))
            for text in _texts(element, "polygon")
        )
        circles = []
        for text in _texts(element, "circle"):
            centre, radius_km = text.split()
            latitude, longitude = centre.split(",")
            circles.append(Circle(float(longitude), float(latitude), float(radius_km)))
    except ValueError as error:
        raise InputError(f"{where}: an area has a shape that cannot be read: {error}") from error
    return Area(_text(element, "areaDesc"), polygons, tuple(circles), _pairs_of(element, "geocode"))
