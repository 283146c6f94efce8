"""An alert as CAP 1.2 sees it: one message, with one block of information for each language and severity.

Common Alerting Protocol 1.2, OASIS Standard, 1 July 2010, section 3.2. Not kept: ``resource``, ``altitude``,
``ceiling``, ``code`` and digital signatures.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from houfeng.errors import InputError, UnknownNameError
from houfeng.geo import wrap_longitude
from houfeng.times import require_utc

STATUSES = ("Actual", "Exercise", "System", "Test", "Draft")
MESSAGE_TYPES = ("Alert", "Update", "Cancel", "Ack", "Error")
SCOPES = ("Public", "Restricted", "Private")
CATEGORIES = ("Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
              "Other")  # fmt: skip
RESPONSES = ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None")
URGENCIES = ("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITIES = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTIES = ("Observed", "Likely", "Possible", "Unlikely", "Unknown")

#: What a message does in its thread, in our words.
KINDS = ("new", "update", "cancel", "all-clear")

_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*")
#: Control characters (tab and line feed apart), halves of surrogate pairs and the two non-characters of XML.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LARGEST_RADIUS_KM = 20_016.0


def plain_text(text: str, what: str) -> str:
    """`text` without blanks around it, if it has no character that XML or a reader's terminal cannot bear.

    Raises
    ------
    InputError
        For control characters and halves of surrogate pairs.
    """
    found = _CONTROL.search(text)
    if found:
        raise InputError(
            f"{what} has the control character U+{ord(found[0]):04X} at position {found.start()}; allowed are "
            "printable characters, tab and line feed: remove it"
        )
    return text.strip()


@dataclass(frozen=True, slots=True)
class Circle:
    """All points within `radius_km` of a point; degrees rounded to 5 digits (1 m), km to 3."""

    longitude: float
    latitude: float
    radius_km: float

    def __post_init__(self) -> None:
        if not (-180 <= self.longitude <= 180 and -90 <= self.latitude <= 90):
            raise InputError(f"({self.longitude}, {self.latitude}) is no longitude and latitude in degrees")
        if not 0 <= self.radius_km <= _LARGEST_RADIUS_KM:
            raise InputError(f"a radius of {self.radius_km} km; it must lie between 0 and {_LARGEST_RADIUS_KM:.0f}")
        object.__setattr__(self, "longitude", _degrees(float(wrap_longitude(self.longitude))))
        object.__setattr__(self, "latitude", _degrees(self.latitude))
        object.__setattr__(self, "radius_km", round(float(self.radius_km), 3))


@dataclass(frozen=True, slots=True)
class Area:
    """Whom a block of information concerns: the union of its shapes.

    Attributes
    ----------
    description
        For people, in the language of the block.
    polygons
        Rings, each at least four (longitude, latitude) pairs in degrees, the last equal to the first.
    circles
        Centre and radius.
    geocodes
        Pairs of a coding system and a code, such as ("ISO 3166-2", "CL-CO").
    """

    description: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "description", _required(self.description, "the description of an area"))
        object.__setattr__(self, "polygons", tuple(_ring(ring, self.description) for ring in self.polygons))
        object.__setattr__(self, "geocodes", _pairs(self.geocodes, "a geocode"))


@dataclass(frozen=True, slots=True)
class Info:
    """One block of information: one language, one severity.

    Attributes
    ----------
    language
        RFC 3066, such as ``en-US`` and ``zh-CN``.
    event, headline, description, instruction
        For people, in that language; the headline is one line.
    categories, responses, urgency, severity, certainty
        CAP's own words.
    onset, expires
        When it begins, and when the information is stale; UTC, whole seconds.
    sender_name
        The authority that issues it.
    event_codes, parameters
        Pairs of a name and a value, for programs.
    areas
        Where.
    """

    language: str
    event: str
    urgency: str
    severity: str
    certainty: str
    categories: tuple[str, ...] = ("Geo",)
    responses: tuple[str, ...] = ()
    event_codes: tuple[tuple[str, str], ...] = ()
    onset: datetime | None = None
    expires: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    contact: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    areas: tuple[Area, ...] = ()

    def __post_init__(self) -> None:
        if not _LANGUAGE.fullmatch(self.language):
            raise InputError(f"'{self.language}' is no language; write it like en-US or zh-CN")
        object.__setattr__(self, "event", _required(self.event, "the event of a block"))
        for name in ("sender_name", "headline", "description", "instruction", "contact"):
            object.__setattr__(self, name, plain_text(getattr(self, name), name.replace("_", " ")))
        if "\n" in self.headline:
            raise InputError(
                f"the headline '{self.headline}' has several lines; put all but the first into description"
            )
        for kind, value, known in (
            ("urgency", self.urgency, URGENCIES),
            ("severity", self.severity, SEVERITIES),
            ("certainty", self.certainty, CERTAINTIES),
            *(("category", name, CATEGORIES) for name in self.categories),
            *(("response", name, RESPONSES) for name in self.responses),
        ):
            if value not in known:
                raise UnknownNameError(f"CAP {kind}", value, known)
        if not self.categories:
            raise InputError(f"the block '{self.event}' has no category; give one of {', '.join(CATEGORIES)}")
        object.__setattr__(self, "event_codes", _pairs(self.event_codes, "an event code"))
        object.__setattr__(self, "parameters", _pairs(self.parameters, "a parameter"))
        for name in ("onset", "expires"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_second(getattr(self, name), name))


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier message, as CAP names it."""

    sender: str
    identifier: str
    sent: datetime

    def __post_init__(self) -> None:
        _token(self.sender, "sender")
        _token(self.identifier, "identifier")
        object.__setattr__(self, "sent", whole_second(self.sent, "sent"))


@dataclass(frozen=True, slots=True)
class Alert:
    """One message.

    Attributes
    ----------
    identifier
        Unique among all messages of the sender; the same in every language (:func:`houfeng.alerts.identify`).
    sender
        Who sends, unique in the world: best a name under an Internet domain of its own.
    sent
        When it was composed; UTC, whole seconds.
    event_id
        The earthquake; all messages on one make one thread.
    status
        ``Actual``, ``Exercise`` ... (CAP). ``Draft`` is what an unpublished one is shown as.
    message_type, scope
        CAP's own words.
    infos
        Blocks of information.
    references
        All earlier published messages of the thread.
    note
        Why (of a cancel), or which exercise.
    """

    identifier: str
    sender: str
    sent: datetime
    event_id: str
    infos: tuple[Info, ...]
    status: str = "Actual"
    message_type: str = "Alert"
    scope: str = "Public"
    references: tuple[Reference, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        _token(self.identifier, "identifier")
        _token(self.sender, "sender")
        object.__setattr__(self, "event_id", plain_text(self.event_id, "the event id"))
        if re.search(r'[\s"]', self.event_id):
            raise InputError(f"the event id '{self.event_id}' has blanks or quotation marks; leave them out")
        object.__setattr__(self, "note", plain_text(self.note, "the note"))
        object.__setattr__(self, "sent", whole_second(self.sent, "sent"))
        for kind, value, known in (
            ("status", self.status, STATUSES),
            ("message type", self.message_type, MESSAGE_TYPES),
            ("scope", self.scope, SCOPES),
        ):
            if value not in known:
                raise UnknownNameError(f"CAP {kind}", value, known)
        if self.message_type in ("Update", "Cancel", "Ack", "Error") and not self.references:
            raise InputError(f"{self.identifier}: a message of type {self.message_type} must refer to an earlier one")
        if self.message_type == "Alert" and self.references:
            raise InputError(f"{self.identifier}: a first alert refers to nothing; make it an update")

    @property
    def kind(self) -> str:
        """One of :data:`KINDS`; an all-clear is an Update in which a block says AllClear.

        Raises
        ------
        InputError
            For an acknowledgement or an error message, which have no place in our life cycle.
        """
        if self.message_type == "Update" and any("AllClear" in info.responses for info in self.infos):
            return "all-clear"
        kinds = {"Alert": "new", "Update": "update", "Cancel": "cancel"}
        if self.message_type not in kinds:
            raise InputError(f"{self.identifier} is an {self.message_type} message, none of {', '.join(KINDS)}")
        return kinds[self.message_type]

    @property
    def drill(self) -> bool:
        """Whether this is an exercise."""
        return self.status == "Exercise"

    @property
    def reference(self) -> Reference:
        """How later messages name this one."""
        return Reference(self.sender, self.identifier, self.sent)

    @property
    def languages(self) -> tuple[str, ...]:
        """Its languages, in the order of the blocks."""
        return tuple(dict.fromkeys(info.language for info in self.infos))


def whole_second(moment: datetime, what: str) -> datetime:
    """`moment` in UTC, cut to the whole second that CAP can write."""
    return require_utc(moment, what).replace(microsecond=0)


def _degrees(value: float) -> float:
    return round(float(value), 5) + 0.0  # + 0.0 turns -0.0 into 0.0


def _required(text: str, what: str) -> str:
    found = plain_text(text, what)
    if not found:
        raise InputError(f"{what} is empty; say it in words")
    return found


def _token(text: str, what: str) -> None:
    if not text or _CONTROL.search(text) or re.search(r"[\s,<&]", text):
        raise InputError(f"the {what} '{text}' is not allowed in CAP: no blanks, commas, < or &, and not empty")


def _pairs(pairs: tuple[tuple[str, str], ...], what: str) -> tuple[tuple[str, str], ...]:
    return tuple((_required(name, f"the name of {what}"), plain_text(value, f"{what} {name}")) for name, value in pairs)


def _ring(ring: tuple[tuple[float, float], ...], where: str) -> tuple[tuple[float, float], ...]:
    for longitude, latitude in ring:
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise InputError(f"area '{where}': ({longitude}, {latitude}) is no longitude and latitude in degrees")
    points = tuple((_degrees(longitude), _degrees(latitude)) for longitude, latitude in ring)
    if len(points) < 4 or points[0] != points[-1]:
        raise InputError(f"area '{where}': a polygon needs at least four points, the last equal to the first")
    return points
