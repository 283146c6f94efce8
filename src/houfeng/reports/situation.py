"""The situation report as words: the document of a chain, in one language, with lists cut to what a page holds.

The document is plain: mappings, lists, strings and numbers as written to a JSON file. Any section may be None or
absent; the page then says "not available" there and invents nothing.

==============  ======================================================================================================
key             what
==============  ======================================================================================================
state           ``draft``, ``approved``, ``published`` or ``withdrawn`` (required)
authority       who approved or published it
label           standing of the data, for people
drill           True in an exercise
simulated       what is simulated: list of ``{en, zh}``
issued          ISO time; ``minutes_after`` the earthquake
place           ``{en, zh}``
earthquake      names ``{en, zh}``, time, magnitude, magnitude_type, depth_km, longitude, latitude, event_id
tsunami         ``{"banner": {en, zh}}``; ``{"banner": None}`` where it was looked at and none is due
shaking         mmi, pga_g: estimates; stations: int
forecast        list of words ``{en, zh}`` and probability (an estimate)
losses          deaths, injured, trapped, displaced, loss_usd, light, moderate, severe: estimates
zones           list of name, population, displaced, severe (estimates), observed (bool)
needs           list of words, unit (``{en, zh}``), amount (an estimate)
roads           closed, km_closed, unreachable_people: estimates
actions         list of words, who (``{en, zh}``)
unknown         list of ``{en, zh}``; sources likewise
==============  ======================================================================================================

An estimate is ``{"value", "low", "high", "level"}``; see :func:`houfeng.reports.situation_numbers.estimate`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from houfeng.errors import InputError, UnknownNameError
from houfeng.reports import wording
from houfeng.reports.messages import LANGUAGES, message
from houfeng.reports.situation_numbers import (
    count,
    estimate,
    intensity,
    measure,
    percent,
    roman,
    say,
    span,
)
from houfeng.values import legal_notice

LOSSES = (
    ("deaths", count),
    ("injured", count),
    ("trapped", count),
    ("displaced", count),
    ("light", count),
    ("moderate", count),
    ("severe", count),
    ("loss_usd", count),
)
ROADS = (("closed", count), ("km_closed", measure), ("unreachable_people", count))


@dataclass(frozen=True, slots=True)
class Room:
    """How much a page may hold: entries of each list, and characters of each text."""

    actions: int = 6
    zones: int = 8
    needs: int = 7
    forecast: int = 4
    unknown: int = 5
    sources: int = 5
    characters: int = 400


@dataclass(frozen=True, slots=True)
class View:
    """Reads one document in one language: texts cut, numbers rounded, levels of the ranges collected."""

    language: str
    room: Room
    levels: set[float]

    def words(self, texts: object, where: str) -> str:
        """A text of the document in this language, cut to the room there is."""
        if isinstance(texts, str):
            text = texts
        elif isinstance(texts, Mapping) and isinstance(texts.get(self.language), str):
            text = texts[self.language]
        else:
            raise InputError(f"{where} is {texts!r}; give the text by language: en and zh")
        text = " ".join(text.split())
        return text if len(text) <= self.room.characters else text[: self.room.characters - 1].rstrip() + "…"

    def say(self, key: str, **values: object) -> str:
        """A message of the page."""
        return say(key, self.language, **values)

    def number(self, value: object, where: str, form: Callable[[float, str], str]) -> dict[str, str]:
        """One number and its range, rounded: ``best`` and ``range``."""
        known = estimate(value, where)
        if known is None:
            return {"best": self.say("not_available"), "range": ""}
        if known["level"] is not None and (known["low"] is not None or known["high"] is not None):
            self.levels.add(known["level"])
        return {"best": form(known["value"], self.language), "range": span(known, self.language, form)}


def situation_view(document: Mapping, language: str, room: Room | None = None) -> dict:
    """Everything the page says, as strings in one language.

    Parameters
    ----------
    document
        See the top of this module.
    language
        ``en`` or ``zh``.
    room
        How much is said; the most by default.

    Raises
    ------
    InputError
        For a document without a state, or a section of another form; the message says where.
    UnknownNameError
        For another language.
    """
    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)
    if not isinstance(document.get("state"), str):
        raise InputError("a situation report needs a 'state': draft, approved, published or withdrawn")
    view = View(language, room or Room(), set())
    room = view.room
    page = {
        "language": language,
        "title": view.say("title"),
        "place": _text(view, document, "place"),
        "issued": _issued(view, document),
        "after": _after(view, document),
        **_standing(view, document),
        "tsunami": _tsunami(view, document),
        "earthquake": _earthquake(view, document.get("earthquake")),
        "shaking": _shaking(view, document.get("shaking")),
        "losses": _table(view, document.get("losses"), "losses", LOSSES),
        "roads": _table(view, document.get("roads"), "roads", ROADS),
        "actions": _list(view, document, "actions", room.actions, _action),
        "zones": _list(view, document, "zones", room.zones, _zone),
        "needs": _list(view, document, "needs", room.needs, _need),
        "forecast": _list(view, document, "forecast", room.forecast, _chance),
        "unknown": _list(view, document, "unknown", room.unknown, View.words),
        "sources": _list(view, document, "sources", room.sources, View.words),
        "notice": legal_notice(document["state"])[language],
        "label": _label(view, document.get("label") or ""),
        "say": view.say,
    }
    page["level"] = _level(view)
    return page


def _label(view: View, label: str | Mapping) -> str:
    """The standing of the data; a text by language, or one of the labels of a catalogue."""
    known = {message(key, "en"): key for key in ("label_final", "label_issued")}
    return (
        message(known[label], view.language)
        if isinstance(label, str) and label in known
        else view.words(label, "label")
    )


def _text(view: View, document: Mapping, key: str) -> str:
    return view.say("not_available") if document.get(key) is None else view.words(document[key], key)


def _issued(view: View, document: Mapping) -> str:
    issued = document.get("issued")
    return view.say("issued", time=wording.moment(issued)) if issued else view.say("issued_unknown")


def _after(view: View, document: Mapping) -> str:
    minutes = document.get("minutes_after")
    return "" if minutes is None else view.say("after", n=f"{minutes:,.0f}")


def _standing(view: View, document: Mapping) -> dict:
    """The banner at the top: its marks, what they mean, and whether it is red."""
    state, drill = document["state"], bool(document.get("drill"))
    legal_notice(state)  # refuses a state that does not exist
    authority = view.words(document.get("authority") or view.say("nobody"), "authority")
    if document.get("simulated") is True:
        raise InputError("simulated is True; list what is simulated, each by language: en and zh")
    simulated = [view.words(item, f"simulated[{i}]") for i, item in enumerate(document.get("simulated") or ())]
    warnings = []
    if simulated:
        warnings.append(("mark_simulated", view.say("simulated_what", what=view.say("between").join(simulated))))
    if drill:
        warnings.append(("mark_exercise", view.say("exercise_what")))
    if state == "draft":
        warnings.append(("mark_draft", view.say("draft_what")))
    marks = [view.say(key) for key, _ in warnings]
    if state != "draft":
        marks.append(view.say(f"mark_{state}", authority=authority))
    watermark = "mark_exercise" if drill else "mark_simulated" if simulated else ""
    return {
        "marks": marks,
        "meaning": [text for _, text in warnings],
        "red": bool(warnings) or state == "withdrawn",
        "watermark": view.say(watermark) if watermark else "",
    }


def _tsunami(view: View, document: Mapping) -> dict:
    tsunami = document.get("tsunami")
    if tsunami is None:
        return {"text": view.say("tsunami_not_checked"), "alarm": False}
    banner = tsunami.get("banner")
    return {"text": "" if banner is None else view.words(banner, "tsunami.banner"), "alarm": banner is not None}


def _earthquake(view: View, quake: Mapping | None) -> dict | None:
    if quake is None:
        return None
    facts = []
    if quake.get("time"):
        facts.append(f"{wording.moment(quake['time'], seconds=True)} UTC")
    if quake.get("depth_km") is not None:
        facts.append(view.say("depth", n=f"{quake['depth_km']:.0f}"))
    if quake.get("longitude") is not None and quake.get("latitude") is not None:
        facts.append(wording.place(longitude=quake["longitude"], latitude=quake["latitude"]))
    if quake.get("event_id"):
        facts.append(view.words(str(quake["event_id"]), "earthquake.event_id"))
    size, kind = quake.get("magnitude"), quake.get("magnitude_type")
    return {
        "name": view.words(quake.get("names") or view.say("not_available"), "earthquake.names"),
        "size": "M ?" if size is None else f"M {size:.1f}",
        "kind": view.words(str(kind), "earthquake.magnitude_type") if kind and size is not None else "",
        "facts": view.say("comma").join(facts),
    }


def _shaking(view: View, shaking: Mapping | None) -> dict | None:
    if shaking is None:
        return None
    mmi = view.number(shaking.get("mmi"), "shaking.mmi", intensity)
    known = estimate(shaking.get("mmi"), "shaking.mmi")
    if known is not None:
        mmi["best"] = f"{roman(known['value'])}  {mmi['best']}"
    pga = view.number(shaking.get("pga_g"), "shaking.pga_g", measure)
    if estimate(shaking.get("pga_g"), "shaking.pga_g") is not None:
        pga["best"] += " g"
    stations = shaking.get("stations")
    known = "stations_none" if stations == 0 else "stations_some"
    note = "" if stations is None else view.say(known, n=stations)
    return {"rows": [{"name": view.say("mmi"), **mmi}, {"name": view.say("pga"), **pga}], "note": note}


def _table(view: View, section: Mapping | None, where: str, rows: Sequence) -> list[dict] | None:
    if section is None:
        return None
    return [
        {"name": view.say(key), "key": key, **view.number(section.get(key), f"{where}.{key}", form)}
        for key, form in rows
    ]


def _list(view: View, document: Mapping, key: str, most: int, read: Callable) -> dict | None:
    """The first entries of a list, and how many more there are; None where the section is absent."""
    entries = document.get(key)
    if entries is None:
        return None
    if isinstance(entries, (str, Mapping)) or not isinstance(entries, Sequence):
        raise InputError(f"{key} is {entries!r}, not a list")
    shown = [read(view, entry, f"{key}[{i}]") for i, entry in enumerate(entries[:most])]
    rest = len(entries) - len(shown)
    return {"entries": shown, "more": view.say("more", n=rest) if rest else ""}


def _action(view: View, entry: Mapping, where: str) -> dict[str, str]:
    who = entry.get("who")
    return {
        "words": view.words(entry.get("words"), f"{where}.words"),
        "who": "" if who is None else view.words(who, f"{where}.who"),
    }


def _zone(view: View, entry: Mapping, where: str) -> dict:
    population = entry.get("population")
    return {
        "name": view.words(str(entry.get("name", "?")), f"{where}.name"),
        "population": view.say("not_available") if population is None else count(population, view.language),
        "displaced": view.number(entry.get("displaced"), f"{where}.displaced", count),
        "severe": view.number(entry.get("severe"), f"{where}.severe", count),
        "seen": view.say("observed" if entry.get("observed") else "not_observed"),
    }


def _need(view: View, entry: Mapping, where: str) -> dict:
    unit = entry.get("unit")
    return {
        "words": view.words(entry.get("words"), f"{where}.words"),
        "unit": "" if unit is None else view.words(unit, f"{where}.unit"),
        **view.number(entry.get("amount"), f"{where}.amount", count),
    }


def _chance(view: View, entry: Mapping, where: str) -> dict:
    words = view.words(entry.get("words"), f"{where}.words")
    return {"words": words, **view.number(entry.get("probability"), f"{where}.probability", percent)}


def _level(view: View) -> str:
    if not view.levels:
        return view.say("level_none")
    low, high = min(view.levels), max(view.levels)
    levels = f"{100 * low:.0f} %" if low == high else f"{100 * low:.0f}–{100 * high:.0f} %"
    return view.say("level", levels=levels)
