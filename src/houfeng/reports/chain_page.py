"""What followed the earthquake of a case, for the page of a run: warning, shaking, damage, needs, response.

The words and numbers of the situation report are read by :func:`houfeng.reports.situation.situation_view`, once in
each language; this module adds what only the page has room for. Every text is ``{"en", "zh"}``, ready to be shown.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from houfeng.reports import wording
from houfeng.reports.chain_words import chain_words, hundredths, listed, number, tell, words
from houfeng.reports.headlines import both as message_in_both
from houfeng.reports.headlines import relative
from houfeng.reports.messages import LANGUAGES
from houfeng.reports.notes import note_in_both
from houfeng.reports.situation import Room, situation_view
from houfeng.reports.situation_numbers import count, estimate, rounded
from houfeng.reports.wording import Both
from houfeng.times import parse_time

#: The pictures of a chain: ``NAME-LANGUAGE.png`` in its folder, ``chain NAME LANGUAGE`` among the pictures.
PICTURES = ("shaking", "city", "plan")
#: Zones in the table and at the top of the page; actions at the top.
ZONES, WORST, FIRST = 10, 3, 4
#: A chance below this is called low.
LOW = 0.1
#: Levels of warning, the worst first, by the name of their rule.
LEVELS = {"severe shaking": "level_severe", "very strong shaking": "level_very_strong",
          "strong shaking": "level_strong"}  # fmt: skip
#: Files by what they are about.
FILES = (
    ("file_report", ("situation-en.pdf", "situation-zh.pdf", "situation.json")),
    ("file_alert", ("alert.html", "alert.xml", "alerts-en.atom", "alerts-zh.atom")),
    ("file_shaking", ("grid.xml", "shaking.geojson")),
    ("file_damage", ("damage.json", "damage.geojson")),
    ("file_recovery", ("recovery.json",)),
    ("file_plan", ("plan.json", "plan.geojson")),
    ("file_roads", ("roads.geojson",)),
    ("file_maps", tuple(f"{name}-{language}.png" for name in PICTURES for language in LANGUAGES)),
)
#: Colours in an embedded picture: enough for lines and legend, a quarter of the bytes.
COLOURS = 128
_ROOM = Room(actions=20, zones=ZONES, needs=20, forecast=10, unknown=20, sources=20, characters=2000)
_NOTHING: Mapping = MappingProxyType({})


@dataclass(frozen=True)
class ChainFolder:
    """What the folder of a chain holds beyond the document.

    Attributes
    ----------
    href
        The folder, relative to the page.
    names
        Of its files; only these are linked.
    damage, plan
        ``damage.json`` and ``plan.json`` as read; empty where they are missing.
    """

    href: str = ""
    names: tuple[str, ...] = ()
    damage: Mapping = field(default_factory=dict)
    plan: Mapping = field(default_factory=dict)


def chain_page(document: Mapping, folder: ChainFolder, pictures: Collection[str] = ()) -> dict | None:
    """Everything the page says of the chain; None in a run without one.

    Parameters
    ----------
    document
        As written to ``forecast.json``.
    folder
        Of the chain's files.
    pictures
        Names of the pictures there are; a map is shown where it is there in every language.

    Raises
    ------
    InputError
        When a number of the document is none, or its range is reversed; the message says where.
    """
    if document.get("chain") is None:
        return None
    chain = document["chain"]
    situation = chain["situation"]
    views = [
        situation_view({**situation, "zones": chain["zones"]}, language, _ROOM) | {"say": None}
        for language in LANGUAGES
    ]
    page = _paired(*views)
    zones = _zones(page, chain["zones"])
    warned = _warned(chain, _town_names(document))
    return page | {
        "tell": tell,
        "words": words,
        "listed": listed,
        "maps": [name for name in PICTURES if all(f"chain {name} {x}" in pictures for x in LANGUAGES)],
        "place": situation["place"],
        "zones": zones,
        "zones_note": tell("zones_note", shown=len(zones), n=len(chain["zones"])),
        "worst": zones[:WORST],
        "first": (page["actions"] or {"entries": []})["entries"][:FIRST],
        "steps": _steps(document, page, warned),
        "moments": _moments(document),
        "low_before": _low_before(document),
        "neglected": _neglected(document),
        "warned": warned,
        "not_warned": _not_warned(chain, _town_names(document)),
        "standing": _standing(situation),
        "has_alert": chain["alert"] is not None,
        "classes": _classes(folder.damage),
        "pager": _pager(chain),
        "rescue": _rescue(chain["rescue"]),
        "roads": _roads(page["roads"]),
        "reach": _reach(situation.get("roads")),
        "missing": _missing(folder.plan),
        "seconds": f"{sum(chain['seconds'].values()):.2g}",
        "simulated": situation.get("simulated") or [],
        "files": _files(folder),
        "link": {name: f"{folder.href}/{name}" for name in folder.names},
    }


def small_picture(png: bytes) -> bytes:
    """The same picture with a palette, as PNG; the page carries six of them."""
    from PIL import Image

    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        octree = Image.Quantize.FASTOCTREE  # ten times as fast as the median cut, no difference to be seen
        reduced = picture.convert("RGB").quantize(COLOURS, method=octree, dither=Image.Dither.NONE)
        reduced.save(buffer, format="PNG")
    return min(buffer.getvalue(), png, key=len)


def _paired(en: object, zh: object) -> object:
    """Two views of one document as one: every text by language, everything else once."""
    if isinstance(en, str):
        return {"en": en, "zh": zh}
    if isinstance(en, Mapping):
        return {key: _paired(value, zh[key]) for key, value in en.items()}
    if isinstance(en, Sequence):
        return [_paired(one, other) for one, other in zip(en, zh, strict=True)]
    return en


def _zones(page: Mapping, zones: Sequence[Mapping]) -> list[dict]:
    if page["zones"] is None:
        return []
    return [
        {
            **said,
            "at": wording.place(longitude=zone["longitude"], latitude=zone["latitude"]) if "longitude" in zone else "",
            "trapped": number(zone.get("trapped"), f"zones[{i}].trapped"),
        }
        for i, (said, zone) in enumerate(zip(page["zones"]["entries"], zones, strict=False))
    ]


def _steps(document: Mapping, page: Mapping, warned: Sequence[Mapping]) -> dict:
    """When what was said: before, at the earthquake, in the first report."""
    before = document["forecasts"][0]["as_of"]
    shock = document["case"]["shock"]
    severe = next((row for row in page["losses"] or () if row["key"]["en"] == "severe"), None)
    plan = document["chain"]["rescue"]["sites"]
    towns = sum(len(level["towns"]) for level in warned)
    return {
        "before": before,
        "relative": relative(document, before) if shock and parse_time(before) < parse_time(shock["time"]) else None,
        "chances": (page["forecast"] or {"entries": []})["entries"],
        "warning": tell("step_warning", n=towns) if towns else tell("step_no_warning"),
        "severe": severe,
        "plan": tell("step_plan", n=plan),
    }


def _town_names(document: Mapping) -> dict[str, Both]:
    """Names of the towns by the English one."""
    return {
        town["names"]["en"]: {x: town["names"].get(x, town["names"]["en"]) for x in LANGUAGES}
        for part in document["forecasts"]
        for town in part.get("shaking", _NOTHING).get("places", ())
    }


def _warned(chain: Mapping, names: Mapping[str, Both]) -> list[dict]:
    """Levels of warning, the worst first, with their towns; an unknown rule comes last under its own name."""
    order = sorted(chain["warned"], key=lambda rule: list(LEVELS).index(rule) if rule in LEVELS else len(LEVELS))
    return [
        {
            "level": tell(LEVELS[rule]) if rule in LEVELS else dict.fromkeys(LANGUAGES, rule),
            "towns": [names.get(town, dict.fromkeys(LANGUAGES, town)) for town in chain["warned"][rule]],
        }
        for rule in order
        if chain["warned"][rule]
    ]


def _not_warned(chain: Mapping, names: Mapping[str, Both]) -> list[Both]:
    told = {town for towns in chain["warned"].values() for town in towns}
    return [said for town, said in names.items() if town not in told]


def _standing(situation: Mapping) -> Both:
    """Whether anybody approved the message."""
    if situation["state"] == "draft":
        return tell("warning_draft" if situation.get("drill") else "warning_draft_real")
    state = message_in_both(f"state_{situation['state']}", authority=situation.get("authority") or "?")
    return tell("warning_standing", state=state)


def _moments(document: Mapping) -> list[dict]:
    """Chance of shaking of each forecast: a table of towns, and the advice that came with it."""
    return [
        {
            "as_of": part["as_of"],
            "relative": relative(document, part["as_of"]),
            "days": f"{part['shaking']['days']:.3g}",
            "model": part["shaking"]["model"],
            "levels": [chance["roman"] for chance in part["shaking"]["places"][0]["chances"]],
            "towns": [
                {
                    "names": {x: town["names"].get(x, town["names"]["en"]) for x in LANGUAGES},
                    "chances": [
                        number(chance["probability"], f"{town['names']['en']}, MMI {chance['roman']}", hundredths)
                        for chance in town["chances"]
                    ],
                }
                for town in part["shaking"]["places"]
            ],
            "advice": part["shaking"]["advice"],
        }
        for part in document["forecasts"]
        if part.get("shaking") and part["shaking"]["places"]
    ]


def _low_before(document: Mapping) -> bool:
    """Whether every town had a small chance before the shock of the case."""
    first, shock = document["forecasts"][0], document["case"]["shock"]
    places = first.get("shaking", _NOTHING).get("places", ())
    chances = [chance["probability"]["value"] for town in places for chance in town["chances"]]
    before = shock is not None and parse_time(first["as_of"]) < parse_time(shock["time"])
    return before and bool(chances) and max(chances) < LOW


def _neglected(document: Mapping) -> list[Both]:
    """What the chances leave out, each sentence once."""
    notes = (note for part in document["forecasts"] for note in part.get("shaking", _NOTHING).get("notes", ()))
    return [note_in_both(note) for note in dict.fromkeys(notes)]


def _classes(damage: Mapping) -> list[dict]:
    """Buildings in the five classes of GB/T 24335; none where ``damage.json`` has no such classes."""
    classes = damage.get("buildings", _NOTHING).get("gbt24335", _NOTHING)
    names = damage.get("scales", _NOTHING).get("gbt24335", _NOTHING)
    return [
        {"name": names.get(key, dict.fromkeys(LANGUAGES, key)), **number(value, f"buildings.gbt24335.{key}")}
        for key, value in classes.items()
    ]


def _pager(chain: Mapping) -> dict:
    """Deaths and losses by both methods, and by how much they differ."""
    losses = chain["situation"].get("losses") or {}
    rows = [
        {
            "name": words(key),
            "hazus": number(losses.get(key), f"losses.{key}"),
            "pager": number(chain["pager"][other]["estimate"], f"pager.{other}"),
            "colour": tell(f"colour_{chain['pager'][other]['colour']}"),
        }
        for key, other in (("deaths", "deaths"), ("loss_usd", "losses"))
    ]
    pairs = (("pager_times", "deaths", "deaths"), ("pager_times_loss", "loss_usd", "losses"))
    told = ((key, _factor(losses.get(ours), chain["pager"][theirs]["estimate"])) for key, ours, theirs in pairs)
    return {"rows": rows, "times": [tell(key, times=f"{rounded(times):,.10g}") for key, times in told if times >= 1.5]}


def _factor(one: object, other: object) -> float:
    """How many times the larger of two numbers is the smaller; 1 where either is unknown or 0."""
    ends = [estimate(value, "the comparison with PAGER") for value in (one, other)]
    values = sorted(end["value"] for end in ends if end is not None and end["value"] > 0)
    return values[1] / values[0] if len(values) == 2 else 1.0


def _rescue(rescue: Mapping) -> list[dict]:
    """Expected people with ranges, sites as they were counted."""
    people = [
        {"name": tell(f"rescue_{key}"), **number(rescue[key], f"rescue.{key}")} for key in ("trapped", "survivors")
    ]
    sites = (("rescue_sites", "sites"), ("rescue_waiting", "waiting"), ("rescue_left", "left_out"))
    return people + [
        {
            "name": tell(name),
            "best": dict.fromkeys(LANGUAGES, f"{rescue[key]:,}"),
            "range": dict.fromkeys(LANGUAGES, ""),
        }
        for name, key in sites
    ]


def _roads(rows: Sequence[Mapping] | None) -> list[dict]:
    """Closed roads; people cut off are counted for one set of closed roads, so they have no range."""
    known = [row for row in rows or () if row["key"]["en"] != "unreachable_people"]
    single = [row for row in rows or () if row["key"]["en"] == "unreachable_people"]
    return known + [{**row, "range": dict.fromkeys(LANGUAGES, "")} for row in single]


def _reach(roads: Mapping | None) -> list[dict]:
    """People within so many minutes of a hospital, before and after, and how many fewer."""
    if not roads or "hospital_minutes" not in roads:
        return []
    columns = zip(roads["hospital_minutes"], roads["people_before"], roads["people_after"], strict=True)
    return [
        {
            "within": tell("reach_within", minutes=f"{minutes:g}"),
            "before": f"{rounded(before, 3):,.0f}",
            "after": f"{rounded(after, 3):,.0f}",
            "fewer": {x: count(before - after, x) for x in LANGUAGES},
        }
        for minutes, before, after in columns
    ]


def _missing(plan: Mapping) -> list[dict]:
    """People without a bed or a shelter, and water that is short; what is missing to nobody is left out."""
    kinds = [(f"missing_{each['kind']}", each["missing"]) for each in plan.get("facilities", ())]
    kinds += [("missing_shelter", each["missing"]) for each in plan.get("evacuations", ())]
    kinds += [(f"missing_{each['item']}", each["shortage"]) for each in plan.get("supplies", ())]
    return [
        {"name": tell(key), **number(value, key)} for key, value in kinds if key in chain_words() and value["high"] > 0
    ]


def _files(folder: ChainFolder) -> list[dict]:
    """Links to what is there, by subject; what no subject claims comes last."""
    claimed = {name for _, names in FILES for name in names}
    other = ("file_other", tuple(name for name in folder.names if name not in claimed))
    groups = ((key, [name for name in names if name in folder.names]) for key, names in (*FILES, other))
    return [{"name": tell(key), "files": names} for key, names in groups if names]
