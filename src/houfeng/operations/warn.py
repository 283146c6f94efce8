"""A warning, top to bottom: how strongly it may shake where, whom that arms, what to say of the sea, the draft."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from houfeng.alerts import Alert, next_message
from houfeng.alerts.compose import Frame, Place, SeaText, ShakingBand, shaking_infos
from houfeng.earthquake import Earthquake
from houfeng.operations.places import Chances, Places, indices_of
from houfeng.values import Estimate
from houfeng.warning import Band, Decision, Location, Rules, TsunamiNotice, decide, tsunami_notice

#: Draws behind the ranges of false and missed warnings.
N_FIELDS = 400

_MEASURES = ("PGA", "PGV")


@dataclass(frozen=True)
class Sender:
    """Who composes, and for how long what is said holds."""

    name: str
    valid: timedelta = timedelta(hours=24)
    contact: str = ""


@dataclass(frozen=True, eq=False)
class WarnProduct:
    """What came of it.

    Attributes
    ----------
    earthquake, places, chances
        What went in.
    decision
        Whom the rules warn, and the errors to expect.
    tsunami
        The banner; None where none is due. It holds even when no message is made.
    alert
        The message as composed, not yet approved by anybody; None when there is nothing to send.
    reason
        Why there is no message (empty: there is one).
    """

    earthquake: Earthquake
    places: Places
    chances: Chances
    decision: Decision
    tsunami: TsunamiNotice | None
    alert: Alert | None
    reason: str = ""

    @property
    def warned(self) -> dict[str, list[str]]:
        """English names of the places warned, by the name of the rule."""
        return {
            rule: [self.places.names[index]["en"] for index in found]
            for rule, found in self.decision.places_by_rule.items()
        }


def warn(
    earthquake: Earthquake,
    places: Places,
    chances: Chances,
    *,
    rules: Rules,
    location: Location,
    sender: Sender,
    now: datetime,
    drill: bool = False,
    thread: Sequence[Alert] = (),
    warned: Mapping[str, Sequence[str]] | None = None,
    country: str = "",
) -> WarnProduct:
    """Decide whom to warn of an earthquake and compose the message; nothing is sent.

    Parameters
    ----------
    location
        How well the source is known; on an unconfirmed one no message is made.
    now
        Time of the message.
    drill
        An exercise; an earthquake that is not actual is always one.
    thread
        Messages published on this event before, oldest first: the new one is then an update of them.
    warned
        English names of places the last message warned, by rule: they are released only below its release chance.
    country
        Whose tsunami centre to name; by default by the place of the epicentre.

    Raises
    ------
    InputError
        When the chances do not fit the rules, or the message may not follow in the thread.
    """
    drill = drill or earthquake.status != "actual"
    before = {rule: indices_of(places, names) for rule, names in (warned or {}).items()}
    decision = decide(rules, chances.best, location, warned=before, fields=chances.fields)
    tsunami = tsunami_notice(earthquake, country=country)
    reason = _why_not(decision, tsunami, thread)
    alert = None
    if not reason:
        frame = Frame(now, sender.valid, rules.event_codes, sender.contact, chances.simulated)
        bands = _bands(decision, places, chances, before)
        sea = None if tsunami is None else SeaText(tsunami.title, tsunami.banner, tsunami.instruction)
        alert = next_message(
            "update" if thread else "new",
            sender=sender.name,
            event_id=earthquake.event_id,
            sent=now,
            infos=shaking_infos(earthquake, bands, frame, sea),
            thread=thread,
            drill=drill,
        )
    return WarnProduct(earthquake, places, chances, decision, tsunami, alert, reason)


def chances_at_places(
    earthquake: Earthquake,
    places: Places,
    levels: Sequence[float],
    *,
    rng: np.random.Generator,
    region: str = "global",
) -> Chances:
    """Chance of shaking of at least each MMI of `levels` at `places`, by the ground-motion models for the earthquake.

    The best estimate is the weighted mean over the models, the range runs from the lowest to the highest. The source
    is a point with a plane of unknown direction, the ground is stiff soil (Vs30 360 m/s): what is known in the first
    minutes.

    Parameters
    ----------
    region
        Of the models: ``chile``, ``global`` ... (:func:`houfeng.shaking.regimes.choose_models`).
    rng
        For the simulated fields behind the numbers of errors.
    """
    from houfeng.shaking.field import ShakingField
    from houfeng.shaking.intensity import chance_of_at_least, mmi_of, with_scatter
    from houfeng.shaking.regimes import choose_models, outside_limits
    from houfeng.shaking.rupture import Rupture
    from houfeng.shaking.sites import Sites

    weights = choose_models(earthquake.regime, region)
    sites = Sites.of(longitude=places.longitude, latitude=places.latitude)
    rupture = Rupture.point(earthquake)
    distances = rupture.distances(sites)
    tables, fields = [], []
    for model, weight in weights.items():
        motion = model.motion(rupture, distances, sites, _MEASURES)
        tables.append(chance_of_at_least(motion, np.array(levels, float)).T)
        field = ShakingField(earthquake, sites, motion, model.name)
        drawn = field.realisations(max(round(N_FIELDS * weight), 1), rng)
        fields.append(with_scatter(mmi_of(drawn), _MEASURES, rng))
    table = np.clip(np.stack(tables), 0, 1)  # (n_models, n_levels, n_places)
    best = np.average(table, axis=0, weights=list(weights.values()))
    low, high = np.minimum(table.min(axis=0), best), np.maximum(table.max(axis=0), best)
    return Chances(
        by_level=dict(zip(map(float, levels), np.stack([best, low, high], axis=1), strict=True)),
        ranges="models" if len(weights) > 1 else "one",
        source=f"ground-motion models {', '.join(model.name for model in weights)}; point source, Vs30 360 m/s",
        fields=np.concatenate(fields),
        notes=tuple(
            {language: note.text(language) for language in ("en", "zh")}
            for note in outside_limits(weights, rupture, distances, sites)
        ),
    )


def facts_of(product: WarnProduct, location: Location) -> dict[str, object]:
    """What the message was made from, as plain values: earthquake, chances, decision."""
    earthquake, decision = product.earthquake, product.decision
    return {
        "earthquake": earthquake_document(earthquake),
        "location": {
            "stations": location.stations,
            "error_km": location.error_km if np.isfinite(location.error_km) else None,
            "solutions": location.solutions,
            "confirmed_by": location.confirmed_by,
        },
        "chances_from": product.chances.source,
        "notes": [dict(note) for note in product.chances.notes],
        "simulated": product.chances.simulated,
        "warned": product.warned,
        "tsunami": product.tsunami is not None,
        "places": [
            {
                "name": product.places.names[index]["en"],
                "chances": {
                    f"{level:g}": [round(float(row[index]), 6) for row in rows]
                    for level, rows in product.chances.by_level.items()
                },
                "rule": decision.bands[which].rule.name if which >= 0 else "",
            }
            for index, which in enumerate(decision.warned_by.tolist())
        ],
        "errors": [
            {
                "rule": band.rule.name,
                "mmi": band.rule.mmi,
                "severity": band.rule.severity,
                "expected_false": _plain(band.expected_false),
                "expected_missed": _plain(band.expected_missed),
            }
            for band in decision.bands
        ],
    }


def earthquake_document(earthquake: Earthquake) -> dict[str, object]:
    """An earthquake as plain values, which :func:`houfeng.operations.alert_log.read_earthquake` reads back."""
    fields = ("event_id", "longitude", "latitude", "depth_km", "magnitude", "magnitude_type", "regime", "status")
    return {
        **{name: getattr(earthquake, name) for name in fields},
        "time": earthquake.time.isoformat().replace("+00:00", "Z"),
        "names": dict(earthquake.names),
    }


def _why_not(decision: Decision, tsunami: TsunamiNotice | None, thread: Sequence[Alert]) -> str:
    if decision.unconfirmed:
        return f"the location is not confirmed: {'; '.join(decision.unconfirmed)}"
    if decision.armed or tsunami is not None:
        return ""
    if thread and thread[-1].kind in ("new", "update"):
        return "no place reaches the rules any more: end the thread with all-clear, or cancel it if it was an error"
    return "no place reaches the rules, and no tsunami is to be spoken of"


def _bands(
    decision: Decision, places: Places, chances: Chances, before: Mapping[str, Sequence[int]]
) -> tuple[ShakingBand, ...]:
    bands = []
    released = _released(decision, before)
    for index, names in released.items():
        band, told = decision.bands[index], _told(decision, index)
        bands.append(
            ShakingBand(
                rule=band.rule.name,
                severity=band.rule.severity,
                mmi=band.rule.mmi,
                places=tuple(_place(places, chances, band, int(place)) for place in band.places),
                n_warned=int(told.sum()),
                n_places=len(places),
                expected_false=band.expected_false,
                expected_missed=band.expected_missed,
                released=tuple(places.names[place] for place in names),
                ranges=chances.ranges,
            )
        )
    return tuple(bands)


def _told(decision: Decision, index: int) -> np.ndarray:
    """Whether each place is warned at the level of band `index` or a stronger one."""
    return (decision.warned_by >= 0) & (decision.warned_by <= index)


def _released(decision: Decision, before: Mapping[str, Sequence[int]]) -> dict[int, list[int]]:
    """For each band with places, those that the message must say are warned at its level no more.

    Places released from a band that has none left are told in the next weaker one, or in the last there is.
    """
    shown = [index for index, band in enumerate(decision.bands) if len(band.places)]
    released: dict[int, list[int]] = {index: [] for index in shown}
    for index, band in enumerate(decision.bands if shown else ()):
        where = next((other for other in shown if other >= index), shown[-1])
        told = _told(decision, where)
        new = (place for place in before.get(band.rule.name, ()) if not told[place])
        released[where] = list(dict.fromkeys((*released[where], *new)))
    return released


def _place(places: Places, chances: Chances, band: Band, index: int) -> Place:
    value, low, high = (float(row[index]) for row in chances.by_level[band.rule.mmi])
    return Place(
        names=places.names[index],
        longitude=float(places.longitude[index]),
        latitude=float(places.latitude[index]),
        radius_km=float(places.radius_km[index]),
        chance=Estimate(value, low, high, level=1.0),
        geocodes=places.geocodes[index],
    )


def _plain(estimate: Estimate) -> list[float]:
    return [round(estimate.value, 6), estimate.low, estimate.high]
