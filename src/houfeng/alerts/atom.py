"""A feed of alerts: Atom (RFC 4287), one entry for each message, with a link to its CAP file."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import datetime

from houfeng.alerts.alert import Alert

_ATOM = "http://www.w3.org/2005/Atom"

_TITLES = {"en": "Earthquake alerts", "zh": "地震预警信息"}


def feed(alerts: Sequence[Alert], *, feed_id: str, language: str, updated: datetime, base_url: str = "") -> bytes:
    """Atom XML, the newest message first.

    Parameters
    ----------
    alerts
        As issued; those without a block in `language` are shown with their first block.
    feed_id
        An IRI that never changes, such as ``tag:example.org,2026:alerts``.
    language
        Of titles and summaries, such as ``en-US``.
    updated
        Stands for the feed when it has no entry yet; else the newest message's time does.
    base_url
        Before the name of a CAP file, which is its identifier and ``.xml``.

    Returns
    -------
    bytes
        UTF-8.
    """
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": language})
    newest = sorted(alerts, key=lambda alert: (alert.sent, alert.identifier), reverse=True)
    ET.SubElement(root, "id").text = feed_id
    ET.SubElement(root, "title").text = _TITLES["zh" if language.lower().startswith("zh") else "en"]
    ET.SubElement(root, "updated").text = _time(newest[0].sent if newest else updated)
    author = ET.SubElement(root, "author")
    ET.SubElement(author, "name").text = newest[0].sender if newest else "Houfeng"
    for alert in newest:
        _add_entry(root, alert, language, base_url)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def file_name(alert: Alert) -> str:
    """Name of the CAP file of a message; one of an exercise or a draft cannot be taken for another."""
    prefix = {"Exercise": "exercise-", "Draft": "draft-", "Test": "test-"}.get(alert.status, "")
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in alert.identifier).lstrip(".")
    return f"{prefix}{safe or 'alert'}.xml"


def _add_entry(root: ET.Element, alert: Alert, language: str, base_url: str) -> None:
    info = next((info for info in alert.infos if info.language == language), next(iter(alert.infos), None))
    entry = ET.SubElement(root, "entry")
    ET.SubElement(entry, "id").text = f"urn:cap:{alert.sender}:{alert.identifier}".replace("@", "%40")
    ET.SubElement(entry, "title").text = (info.headline or info.event) if info else alert.identifier
    ET.SubElement(entry, "updated").text = _time(alert.sent)
    ET.SubElement(entry, "summary").text = info.description if info else alert.note
    ET.SubElement(entry, "category", term=alert.status)
    ET.SubElement(entry, "category", term=alert.message_type)
    link = {"rel": "enclosure", "type": "application/cap+xml", "href": f"{base_url}{file_name(alert)}"}
    ET.SubElement(entry, "link", link)


def _time(moment: datetime) -> str:
    return f"{moment.isoformat()[:19]}Z"
