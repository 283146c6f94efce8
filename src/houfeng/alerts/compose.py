"""From facts to the blocks of information of an alert, in every language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from houfeng.alerts import wording as w
from houfeng.alerts.alert import Alert, Area, Circle, Info
from houfeng.earthquake import Earthquake
from houfeng.errors import InputError
from houfeng.values import Estimate

#: So many places are named one by one in a text; all are in its areas.
LISTED_PLACES = 20

#: Area of the words on tsunamis: around the epicentre, km.
SEA_RADIUS_KM = 300.0


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere to warn.

    Attributes
    ----------
    names
        By language (``en``, ``zh``); English stands in for a missing one.
    longitude, latitude, radius_km
        A circle around it is the area of the message; degrees and km.
    chance
        Of the band's shaking there.
    geocodes
        Pairs of a coding system and a code.
    """

    names: Mapping[str, str]
    longitude: float
    latitude: float
    radius_km: float
    chance: Estimate
    geocodes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShakingBand:
    """Places of one severity.

    Attributes
    ----------
    rule, severity, mmi
        Name of the rule, CAP severity, intensity asked about.
    places
        To be warned, not empty.
    n_warned, n_places
        Places warned at this level or above, and places in all.
    expected_false, expected_missed
        Places warned in vain, and shaken so strongly unwarned.
    released
        Names by language of places that an earlier message warned at this level and this one does not.
    ranges
        What the ranges of the chances are: ``models`` (over ground-motion models), ``given``, ``one`` (a single
        model has none) or ``none``.
    """

    rule: str
    severity: str
    mmi: float
    places: tuple[Place, ...]
    n_warned: int
    n_places: int
    expected_false: Estimate
    expected_missed: Estimate
    released: tuple[Mapping[str, str], ...] = ()
    ranges: str = "none"


@dataclass(frozen=True, slots=True)
class SeaText:
    """What is to be said of tsunamis, by language (``en``, ``zh``); a fixed text from the rules of warning."""

    title: Mapping[str, str]
    banner: Mapping[str, str]
    instruction: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """What all blocks of a message share.

    Attributes
    ----------
    sent, valid
        When it is composed and how long it holds.
    event_codes, contact
        As CAP has them.
    simulated
        Whether any input was simulated; every text then says so.
    """

    sent: datetime
    valid: timedelta
    event_codes: tuple[tuple[str, str], ...] = ()
    contact: str = ""
    simulated: bool = False

    @property
    def expires(self) -> datetime:
        """End of validity."""
        return self.sent + self.valid


def shaking_infos(
    earthquake: Earthquake, bands: Sequence[ShakingBand], frame: Frame, sea: SeaText | None
) -> tuple[Info, ...]:
    """One block for each band and language, and where a tsunami is possible one for that in each language.

    Parameters
    ----------
    bands
        Strongest first; may be empty when there is `sea`.

    Raises
    ------
    InputError
        When there is nothing to say, or a band has no place.
    """
    if not bands and sea is None:
        raise InputError("no place to warn and no tsunami to speak of: there is nothing to alert about")
    infos = [_band_info(earthquake, band, frame, sea, tag) for band in bands for tag in w.LANGUAGES]
    if sea is not None:
        infos += [_sea_info(earthquake, frame, sea, tag) for tag in w.LANGUAGES]
    return tuple(infos)


def closing_infos(
    kind: str, earthquake: Earthquake, earlier: Alert, frame: Frame, reasons: Mapping[str, str]
) -> tuple[Info, ...]:
    """The blocks of a ``cancel`` or ``all-clear``: one for each language, for all areas warned last.

    An all-clear ends the warning of shaking only. As it takes the place of the earlier message, it says again, word
    for word, what that said of a possible tsunami.

    Parameters
    ----------
    earlier
        The last message of the thread.
    reasons
        Why, by language; one stands in for the other.

    Raises
    ------
    InputError
        When no reason is given, or an all-clear would end nothing but words on a tsunami.
    """
    if not any(reason.strip() for reason in reasons.values()):
        raise InputError(f"a message of kind {kind} needs a reason that people can read")
    concerned = [info for info in earlier.infos if kind == "cancel" or "Evacuate" not in info.responses]
    if not concerned:
        raise InputError(
            f"{earlier.identifier} speaks of a possible tsunami only; the all-clear for that is the tsunami warning "
            "centre's to give. Cancel it if the earthquake was not real"
        )
    infos = []
    for tag, language in w.LANGUAGES.items():
        areas = dict.fromkeys(area for info in concerned if info.language == tag for area in info.areas)
        closing = "closing_clear" if kind == "all-clear" else "closing"
        reason = w.in_language({key: text.strip() for key, text in reasons.items() if text.strip()}, language)
        infos.append(
            Info(
                language=tag,
                event=w.say("event_shaking", language),
                urgency="Past",
                severity="Minor",
                certainty="Observed",
                responses=("AllClear",) if kind == "all-clear" else ("None",),
                event_codes=frame.event_codes,
                onset=earthquake.time,
                expires=frame.expires,
                headline=w.say(f"headline_{kind}", language, **_size(earthquake, language)),
                description=paragraphs(
                    w.say(closing, language, reason=reason),
                    _source(earthquake, language),
                    w.say("simulated", language) if frame.simulated else "",
                ),
                instruction=w.say(f"instruction_{kind}", language),
                contact=frame.contact,
                parameters=_parameters(earthquake, frame),
                areas=tuple(areas),
            )
        )
    if kind == "all-clear":
        infos += [info for info in earlier.infos if "Evacuate" in info.responses]
    return tuple(infos)


def _band_info(earthquake: Earthquake, band: ShakingBand, frame: Frame, sea: SeaText | None, tag: str) -> Info:
    if not band.places:
        raise InputError(f"the band '{band.rule}' warns no place; leave it out")
    language = w.LANGUAGES[tag]
    likely = min(place.chance.value for place in band.places) > 0.5
    headline = w.say(
        "headline_shaking",
        language,
        **_size(earthquake, language),
        mmi=w.roman(band.mmi),
        word=w.shaking_word(band.mmi, language),
        certainty=w.say("likely" if likely else "possible", language),
        places=w.names_of([w.in_language(place.names, language) for place in band.places], language),
    )
    instruction = w.say("instruction_shaking", language)
    return Info(
        language=tag,
        event=w.say("event_shaking", language),
        urgency="Immediate" if band.severity in ("Extreme", "Severe") else "Expected",
        severity=band.severity,
        certainty="Likely" if likely else "Possible",
        categories=("Geo", "Safety"),
        responses=("Shelter", "Monitor"),
        event_codes=frame.event_codes,
        onset=earthquake.time,
        expires=frame.expires,
        headline=(w.say("tsunami_too", language, title=sea.title[language]) if sea else "") + headline,
        description=paragraphs(
            sea.banner[language] if sea else "",
            _source(earthquake, language),
            _chances(band, language),
            _errors(band, language),
            _released(band, language),
            w.say("simulated", language) if frame.simulated else "",
        ),
        instruction=paragraphs(sea.instruction[language] if sea else "", instruction),
        contact=frame.contact,
        parameters=(
            *_parameters(earthquake, frame),
            *((("houfeng:tsunami", "possible, not modelled"),) if sea else ()),
            ("houfeng:rule", band.rule),
            ("houfeng:mmi", f"{band.mmi:g}"),
            ("houfeng:chances", " ".join(f"{place.chance.value:.4f}" for place in band.places)),
            ("houfeng:expected-false", f"{band.expected_false.value:.2f}"),
            ("houfeng:expected-missed", f"{band.expected_missed.value:.2f}"),
        ),
        areas=tuple(_area(place, language) for place in band.places),
    )


def _sea_info(earthquake: Earthquake, frame: Frame, sea: SeaText, tag: str) -> Info:
    """Of its own severity, which nobody knows yet; for the sea around the epicentre."""
    language = w.LANGUAGES[tag]
    circle = Circle(earthquake.longitude, earthquake.latitude, SEA_RADIUS_KM)
    return Info(
        language=tag,
        event=sea.title[language],
        urgency="Immediate",
        severity="Unknown",
        certainty="Possible",
        categories=("Geo", "Safety"),
        responses=("Evacuate", "Monitor"),
        event_codes=frame.event_codes,
        onset=earthquake.time,
        expires=frame.expires,
        headline=w.say("headline_tsunami", language, title=sea.title[language], **_size(earthquake, language)),
        description=paragraphs(
            sea.banner[language],
            _source(earthquake, language),
            w.say("simulated", language) if frame.simulated else "",
        ),
        instruction=sea.instruction[language],
        contact=frame.contact,
        parameters=(*_parameters(earthquake, frame), ("houfeng:tsunami", "possible, not modelled")),
        areas=(Area(w.say("sea_area", language, radius=f"{SEA_RADIUS_KM:g}"), circles=(circle,)),),
    )


def _area(place: Place, language: str) -> Area:
    circle = Circle(place.longitude, place.latitude, place.radius_km)
    return Area(w.in_language(place.names, language), circles=(circle,), geocodes=place.geocodes)


def _size(earthquake: Earthquake, language: str) -> dict[str, str]:
    name = earthquake.name(language)
    apart = " " if language == "zh" and name.isascii() else ""  # a Latin name and a number must not run together
    return {"magnitude": f"{earthquake.magnitude:.1f}", "name": name + apart}


def _source(earthquake: Earthquake, language: str) -> str:
    return w.say(
        "source",
        language,
        magnitude=f"{earthquake.magnitude:.1f}",
        scale=earthquake.magnitude_type,
        time=w.clock(earthquake.time, language),
        place=w.position(longitude=earthquake.longitude, latitude=earthquake.latitude, language=language),
        depth=f"{earthquake.depth_km:.0f}",
    )


def _chances(band: ShakingBand, language: str) -> str:
    note = w.say(f"ranges_{band.ranges}", language)
    lines = [w.say("chances", language, mmi=w.roman(band.mmi), word=w.shaking_word(band.mmi, language), note=note)]
    for place in band.places[:LISTED_PLACES]:
        chance, name = place.chance, w.in_language(place.names, language)
        ends = {"low": w.percent(chance.low), "high": w.percent(chance.high)}
        key = "chance_line" if band.ranges in ("models", "given") else "chance_alone"
        lines.append(w.say(key, language, place=name, chance=w.percent(chance.value), **ends))
    if len(band.places) > LISTED_PLACES:
        lines.append(w.say("more_places", language, n=len(band.places) - LISTED_PLACES))
    return "\n".join(lines)


def _errors(band: ShakingBand, language: str) -> str:
    return w.say(
        "errors",
        language,
        n=band.n_warned,
        total=band.n_places,
        rest=band.n_places - band.n_warned,
        false=f"{band.expected_false.value:.1f}",
        missed=f"{band.expected_missed.value:.1f}",
        false_range=w.span(band.expected_false, language),
        missed_range=w.span(band.expected_missed, language),
    )


def _released(band: ShakingBand, language: str) -> str:
    if not band.released:
        return ""
    names = [w.in_language(names, language) for names in band.released]
    return w.say("released", language, places=w.names_of(names, language, shown=LISTED_PLACES))


def _parameters(earthquake: Earthquake, frame: Frame) -> tuple[tuple[str, str], ...]:
    return (
        ("houfeng:magnitude", f"{earthquake.magnitude:.1f} {earthquake.magnitude_type}"),
        ("houfeng:origin", earthquake.time.isoformat().replace("+00:00", "Z")),
        ("houfeng:epicentre", f"{earthquake.latitude:.3f},{earthquake.longitude:.3f}"),
        ("houfeng:depth-km", f"{earthquake.depth_km:.1f}"),
        *((("houfeng:simulated", "true"),) if frame.simulated else ()),
    )


def paragraphs(*texts: str) -> str:
    """Texts with an empty line between them, empty ones left out."""
    return "\n\n".join(text for text in texts if text)
