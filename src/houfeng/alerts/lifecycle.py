"""The life of an alert: who may say what next in a thread, and how a message looks in each standing.

A message is composed once and never changed: what was approved is what goes out. Only its standing is laid over it
(:func:`as_issued`): until a named authority has published it, it says Draft in every text and in CAP's own status.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from houfeng.alerts.alert import Alert, Info, Reference, plain_text, whole_second
from houfeng.errors import InputError, UnknownNameError
from houfeng.values import STATES

#: What may follow what in one thread; a thread that was closed can only be opened again by an update.
FOLLOWING = {
    "": ("new",),
    "new": ("update", "cancel", "all-clear"),
    "update": ("update", "cancel", "all-clear"),
    "cancel": ("update",),
    "all-clear": ("update",),
}

_MESSAGE_TYPES = {"new": "Alert", "update": "Update", "cancel": "Cancel", "all-clear": "Update"}

#: What stands before every text of an exercise and of a draft, by the first part of the language; else English.
EXERCISE_MARK = {"en": "EXERCISE EXERCISE EXERCISE", "zh": "演习 演习 演习"}
DRAFT_MARK = {"en": "DRAFT, approved by nobody", "zh": "草稿，未经任何机构批准"}
APPROVED_MARK = {"en": "NOT PUBLISHED", "zh": "尚未发布"}
WITHDRAWN_MARK = {"en": "WITHDRAWN, never published", "zh": "已撤回，从未发布"}
_STANDING_MARKS = {"draft": DRAFT_MARK, "approved": APPROVED_MARK, "withdrawn": WITHDRAWN_MARK}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a message is now (one of :data:`houfeng.values.STATES`), and by whose authority."""

    state: str = "draft"
    authority: str = ""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise UnknownNameError("state of an alert", self.state, STATES)
        object.__setattr__(self, "authority", plain_text(self.authority, "the name of the authority"))
        if self.state == "published" and not self.authority:
            raise InputError("an alert is published by a named authority; give the name of the office or person")


def identify(
    *,
    sender: str,
    event_id: str,
    kind: str,
    sent: datetime,
    drill: bool,
    references: Sequence[Reference],
    infos: Sequence[Info],
) -> str:
    """The identifier of a message: the same for the same facts, whatever the languages and the words.

    Facts are sender, event, kind, time, whether it is a drill, what it refers to, and of the blocks of information
    all but words: severity, urgency, certainty, response, codes, times, parameters and shapes.
    """
    facts = {
        "sender": sender,
        "event": event_id,
        "kind": kind,
        "sent": whole_second(sent, "sent").isoformat(),
        "drill": drill,
        "references": [reference.identifier for reference in references],
        "blocks": sorted({json.dumps(_facts(info), sort_keys=True) for info in infos}),
    }
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return f"houfeng-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def next_message(
    kind: str,
    *,
    sender: str,
    event_id: str,
    sent: datetime,
    infos: Sequence[Info],
    thread: Sequence[Alert] = (),
    drill: bool = False,
    note: str = "",
) -> Alert:
    """The next message of a thread.

    Parameters
    ----------
    kind
        ``new``, ``update``, ``cancel`` or ``all-clear``.
    infos
        Its blocks of information; those of an all-clear get the response AllClear here, but words on a possible
        tsunami stay as they are.
    thread
        Messages published on this event before, oldest first; drills and others never share a thread.

    Raises
    ------
    InputError
        When `kind` may not follow, the thread is another one's, or time runs backwards.
    """
    if kind not in _MESSAGE_TYPES:
        raise UnknownNameError("kind of alert", kind, _MESSAGE_TYPES)
    last = thread[-1].kind if thread else ""
    if kind not in FOLLOWING[last]:
        was = f"whose last message was of kind {last}" if last else "in which nothing was published yet"
        raise InputError(
            f"{kind} may not follow in the thread of {event_id}, {was}; allowed there: {', '.join(FOLLOWING[last])}"
        )
    moment = whole_second(sent, "sent")
    for earlier in thread:
        if (earlier.event_id, earlier.drill) != (event_id, drill):
            raise InputError(
                f"{earlier.identifier} belongs to another thread ({earlier.event_id}, "
                f"{'a drill' if earlier.drill else 'no drill'}); one event has one thread, and a drill one of its own"
            )
        if earlier.sent > moment:
            raise InputError(f"{earlier.identifier} was sent at {earlier.sent.isoformat()}, after {moment.isoformat()}")
    if not infos:
        raise InputError(f"the {kind} message on {event_id} has no block of information")
    if kind == "all-clear":
        infos = tuple(info if _of_the_sea(info) else replace(info, responses=("AllClear",)) for info in infos)
    references = tuple(earlier.reference for earlier in thread)
    return Alert(
        identifier=identify(
            sender=sender, event_id=event_id, kind=kind, sent=moment, drill=drill, references=references, infos=infos
        ),
        sender=sender,
        sent=moment,
        event_id=event_id,
        infos=tuple(infos),
        status="Exercise" if drill else "Actual",
        message_type=_MESSAGE_TYPES[kind],
        references=references,
        note=note,
    )


def as_issued(alert: Alert, standing: Standing) -> Alert:
    """`alert` as it may be shown in `standing`.

    Published, it has the status it was composed for and bears the authority's name; else its status is Draft and
    every text says so. Every text of an exercise says that it is one, in any standing.
    """
    infos = alert.infos
    if alert.drill:
        infos = tuple(_marked(info, EXERCISE_MARK) for info in infos)
    note = f"{EXERCISE_MARK['en']} {alert.note}" if alert.drill else alert.note
    if standing.state == "published":
        return replace(alert, infos=tuple(replace(info, sender_name=standing.authority) for info in infos), note=note)
    mark = _STANDING_MARKS[standing.state]
    return replace(
        alert,
        status="Draft",
        infos=tuple(_marked(info, mark) for info in infos),
        note=f"{mark['en']}. {note}",
    )


def stale_reason(alert: Alert, thread: Sequence[Alert], now: datetime) -> str:
    """Why a message that was composed earlier must not be published any more (empty: it may be).

    Parameters
    ----------
    thread
        What was published on the event until now, oldest first.
    now
        The time. An exercise may replay the past, so its time is not asked for.
    """
    known = tuple(earlier.reference for earlier in thread)
    if alert.references != known:
        return (
            f"the thread of {alert.event_id} has gone on since {alert.identifier} was composed "
            f"({len(known)} published messages, it refers to {len(alert.references)}); compose it again"
        )
    ends = [info.expires for info in alert.infos if info.expires]
    if not alert.drill and ends and max(ends) <= now:
        return f"{alert.identifier} expired at {max(ends).isoformat()}; compose it again"
    return ""


def _of_the_sea(info: Info) -> bool:
    return "Evacuate" in info.responses


def _facts(info: Info) -> dict[str, object]:
    shapes = sorted(
        json.dumps([area.polygons, [(c.longitude, c.latitude, c.radius_km) for c in area.circles], area.geocodes])
        for area in info.areas
    )
    return {
        "categories": info.categories,
        "responses": info.responses,
        "urgency": info.urgency,
        "severity": info.severity,
        "certainty": info.certainty,
        "codes": info.event_codes,
        "onset": info.onset and info.onset.isoformat(),
        "expires": info.expires and info.expires.isoformat(),
        "parameters": info.parameters,
        "shapes": shapes,
    }


def _marked(info: Info, marks: dict[str, str]) -> Info:
    mark = marks.get(info.language.split("-")[0].lower(), marks["en"])
    opening, closing = ("【", "】") if info.language.lower().startswith("zh") else ("[", "] ")
    texts = {
        name: f"{opening}{mark}{closing}{getattr(info, name)}"
        for name in ("event", "headline", "description", "instruction")
        if name == "headline" or getattr(info, name)
    }
    return replace(info, **texts)
