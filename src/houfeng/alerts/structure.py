"""The structure of CAP 1.2, as a table, and a check of messages against it.

Read from section 3.2 of the OASIS Standard (elements, order, how often, allowed values) and section 3.3 (formats).
The tests hold it against the schema that OASIS publishes: what one refuses the other does.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.parsers import expat

from houfeng.alerts.alert import (
    CATEGORIES,
    CERTAINTIES,
    MESSAGE_TYPES,
    RESPONSES,
    SCOPES,
    SEVERITIES,
    STATUSES,
    URGENCIES,
)
from houfeng.errors import InputError

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
_SIGNATURES = "{http://www.w3.org/2000/09/xmldsig#}"
_MANY = 10**9


@dataclass(frozen=True, slots=True)
class Element:
    """One element: how often it may stand, and what it may hold.

    Attributes
    ----------
    tag
        Name without namespace.
    least, most
        How often.
    fault
        What is wrong with its text (empty: nothing); not asked where there are children.
    children
        Elements inside, in order.
    """

    tag: str
    least: int = 0
    most: int = 1
    fault: Callable[[str], str] = lambda text: ""
    children: tuple["Element", ...] = ()


def _one_of(*words: str) -> Callable[[str], str]:
    return lambda text: "" if text in words else f"is '{text}', allowed: {', '.join(words)}"


def _matching(pattern: str, example: str) -> Callable[[str], str]:
    known = re.compile(pattern)
    return lambda text: "" if known.fullmatch(text) else f"is '{text}', write it like {example}"


def _moment(text: str) -> str:
    wrong = _matching(r"[0-9]{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d", "2015-09-16T22:54:32-00:00")(text)
    if wrong:
        return wrong
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return f"is '{text}', which is no time"
    return ""


_POINT = r"-?\d+(\.\d+)?,-?\d+(\.\d+)?"  # latitude, longitude
_decimal = _matching(r"\s*[-+]?(\d+(\.\d*)?|\.\d+)\s*", "12.5")
_PAIR = (Element("valueName", 1), Element("value", 1))
_AREA = (
    Element("areaDesc", 1),
    Element("polygon", 0, _MANY, _matching(rf"{_POINT}(\s+{_POINT}){{3,}}", "30,70 31,71 ...")),
    Element("circle", 0, _MANY, _matching(rf"{_POINT}\s+\d+(\.\d+)?", "-29.95,-71.34 12")),
    Element("geocode", 0, _MANY, children=_PAIR),
    Element("altitude", fault=_decimal),
    Element("ceiling", fault=_decimal),
)
_RESOURCE = (
    Element("resourceDesc", 1),
    Element("mimeType", 1),
    Element("size", fault=_matching(r"\s*[-+]?\d+\s*", "1024")),
    Element("uri"),
    Element("derefUri"),
    Element("digest"),
)
_INFO = (
    Element("language", fault=_matching(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", "en-US")),
    Element("category", 1, _MANY, _one_of(*CATEGORIES)),
    Element("event", 1),
    Element("responseType", 0, _MANY, _one_of(*RESPONSES)),
    Element("urgency", 1, 1, _one_of(*URGENCIES)),
    Element("severity", 1, 1, _one_of(*SEVERITIES)),
    Element("certainty", 1, 1, _one_of(*CERTAINTIES)),
    Element("audience"),
    Element("eventCode", 0, _MANY, children=_PAIR),
    Element("effective", fault=_moment),
    Element("onset", fault=_moment),
    Element("expires", fault=_moment),
    Element("senderName"),
    Element("headline"),
    Element("description"),
    Element("instruction"),
    Element("web"),
    Element("contact"),
    Element("parameter", 0, _MANY, children=_PAIR),
    Element("resource", 0, _MANY, children=_RESOURCE),
    Element("area", 0, _MANY, children=_AREA),
)
_token = _matching(r"[^\s,<&]+", "an identifier without blanks, commas, < or &")

#: The whole message.
ALERT = Element(
    "alert",
    1,
    children=(
        Element("identifier", 1, 1, _token),
        Element("sender", 1, 1, _token),
        Element("sent", 1, 1, _moment),
        Element("status", 1, 1, _one_of(*STATUSES)),
        Element("msgType", 1, 1, _one_of(*MESSAGE_TYPES)),
        Element("source"),
        Element("scope", 1, 1, _one_of(*SCOPES)),
        Element("restriction"),
        Element("addresses"),
        Element("code", 0, _MANY),
        Element("note"),
        Element("references"),
        Element("incidents"),
        Element("info", 0, _MANY, children=_INFO),
    ),
)


def parse(content: bytes, where: str) -> ET.Element:
    """The root of an XML document without a DTD.

    Raises
    ------
    InputError
        When it is not XML, or brings a DTD.
    """

    def refuse(*_: object) -> None:
        raise InputError(f"{where} has a DTD, which CAP does not; it is refused, as its entities could fill the memory")

    first = expat.ParserCreate()
    first.StartDoctypeDeclHandler = refuse
    try:
        first.Parse(content, True)
        return ET.fromstring(content)
    except (ET.ParseError, expat.ExpatError, LookupError) as error:
        raise InputError(f"{where} is not XML: {error}") from error


def problems(content: bytes, where: str = "the message") -> tuple[str, ...]:
    """What keeps `content` from being CAP 1.2, one sentence each; empty when nothing does.

    Raises
    ------
    InputError
        When it is not XML at all.
    """
    root = parse(content, where)
    if root.tag != f"{{{NAMESPACE}}}alert":
        return (f"the root is {root.tag}, it must be alert in the namespace {NAMESPACE}",)
    return tuple(_faults(root, ALERT, "alert"))


def require_valid(content: bytes, where: str) -> None:
    """Raise :class:`~houfeng.errors.InputError` with the first problems, if there are any."""
    found = problems(content, where)
    if found:
        more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        raise InputError(f"{where} is not CAP 1.2: {'; '.join(found[:3])}{more}")


def _faults(node: ET.Element, rule: Element, path: str) -> Iterator[str]:
    if node.attrib:
        yield f"{path} has the attribute {next(iter(node.attrib))}, CAP has none"
    if not rule.children:
        if len(node):
            yield f"{path} holds the element {node[0].tag}, it holds text only"
        elif wrong := rule.fault(node.text or ""):
            yield f"{path} {wrong}"
        return
    loose = [node.text, *(child.tail for child in node)]
    if any((text or "").strip() for text in loose):
        yield f"{path} has text between its elements"
    children = [child for child in node if path != "alert" or not str(child.tag).startswith(_SIGNATURES)]
    place = 0
    for part in rule.children:
        count = 0
        while place < len(children) and children[place].tag == f"{{{NAMESPACE}}}{part.tag}":
            count += 1
            yield from _faults(children[place], part, f"{path}/{part.tag}")
            place += 1
        if count < part.least:
            yield f"{path}/{part.tag} is missing or out of order"
        elif count > part.most:
            yield f"{path}/{part.tag} stands {count} times, at most {part.most}"
    if place < len(children):
        yield f"{path} has {children[place].tag.split('}')[-1]} where it may not stand"
