"""``houfeng warn``: from an earthquake or a forecast to a draft; ``cli/warn_log.py`` has what becomes of drafts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.event_options import (
    DepthOption,
    EventOption,
    IdOption,
    LatitudeOption,
    LongitudeOption,
    MagnitudeOption,
    MotionOption,
    NameOption,
    NameZhOption,
    RegimeOption,
    TimeOption,
    earthquake_given,
)
from houfeng.cli.output import JsonOption, print_json, print_table, say

if TYPE_CHECKING:
    from datetime import datetime

    from houfeng.config import Settings
    from houfeng.earthquake import Earthquake
    from houfeng.operations.places import Chances, Places
    from houfeng.operations.warn import Sender, WarnProduct
    from houfeng.store import AlertRecord, Store
    from houfeng.warning import Location, Rules

app = typer.Typer(
    name="warn", help="Decide whom to warn; draft, approve, publish and end alerts (CAP 1.2).", no_args_is_help=True
)

NumberArgument = Annotated[int, typer.Argument(help="Number of the alert, from: houfeng warn list")]
AsOfOption = Annotated[
    str, typer.Option("--as-of", help="Time of the message, with zone, in an exercise that replays the past.")
]
DrillOption = Annotated[bool, typer.Option("--drill", help="An exercise: marked as one in every text.")]
PlacesOption = Annotated[
    Path, typer.Option("--places", help="CSV: name, longitude, latitude; name_zh, population, radius_km, geocode.")
]
ChancesOption = Annotated[
    Path | None,
    typer.Option("--chances", help="CSV: name, mmi6, mmi7 ... (chances); by default from ground-motion models."),
]
RulesOption = Annotated[Path | None, typer.Option("--rules", help="TOML file of rules; by default alerts.rules.")]
StationsOption = Annotated[int, typer.Option("--stations", min=0, help="Stations behind the location.")]
ErrorOption = Annotated[float, typer.Option("--error-km", min=0, help="Horizontal error of the location, km.")]
SolutionsOption = Annotated[int, typer.Option("--solutions", min=1, help="Solutions in a row that agreed.")]
ConfirmedOption = Annotated[
    str, typer.Option("--confirmed-by", help="Office or person that vouches for the location, whatever the numbers.")
]
CountryOption = Annotated[
    str, typer.Option("--country", help="Whose tsunami centre to name: CL, JP, US, US-HI, CN, FR, IT; else by place.")
]
SimulatedOption = Annotated[bool, typer.Option("--simulated", help="The input is invented; every text says so.")]

#: The error of a location nobody has told.
UNKNOWN_KM = float("inf")


@app.command()
def event(
    places: PlacesOption,
    event_file: EventOption = None,
    event_id: IdOption = "",
    time: TimeOption = "",
    longitude: LongitudeOption = None,
    latitude: LatitudeOption = None,
    depth_km: DepthOption = None,
    magnitude: MagnitudeOption = None,
    regime: RegimeOption = "crustal",
    name: NameOption = "",
    name_zh: NameZhOption = "",
    chances: ChancesOption = None,
    rules: RulesOption = None,
    stations: StationsOption = 0,
    error_km: ErrorOption = UNKNOWN_KM,
    solutions: SolutionsOption = 1,
    confirmed_by: ConfirmedOption = "",
    country: CountryOption = "",
    motion_region: MotionOption = "global",
    drill: DrillOption = False,
    simulated: SimulatedOption = False,
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Decide whom to warn of an earthquake, and draft the alert. Nothing is sent: see publish.

    Without --chances the chance of shaking comes from ground-motion models. No alert is drafted before the location
    is confirmed: by --stations and --error-km, or by --confirmed-by.

    Example: houfeng warn event --event illapel.json --places places.csv --confirmed-by CSN --drill
    """
    from houfeng.errors import InputError
    from houfeng.operations.alert_log import thread_of

    earthquake = earthquake_given(
        event_file, event_id=event_id, time=time, longitude=longitude, latitude=latitude, depth_km=depth_km,
        magnitude=magnitude, regime=regime, name=name, name_zh=name_zh,
    )  # fmt: skip
    drill = drill or earthquake.status != "actual"
    with open_store() as store:
        if thread_of(store.alerts, earthquake.event_id, drill=drill):
            known = store.alerts.thread(earthquake.event_id, drill=drill)[0].id
            raise InputError(f"{earthquake.event_id} has a thread already; go on with: houfeng warn update {known}")
        _draft(store, earthquake, places, chances, rules, _location(stations, error_km, solutions, confirmed_by),
               country, motion_region, drill, simulated, as_of, as_json)  # fmt: skip


@app.command()
def update(
    number: NumberArgument,
    places: PlacesOption,
    event_file: Annotated[
        Path | None, typer.Option("--event", help="JSON file of the earthquake, where it is known better now.")
    ] = None,
    chances: ChancesOption = None,
    rules: RulesOption = None,
    stations: StationsOption = 0,
    error_km: ErrorOption = UNKNOWN_KM,
    solutions: SolutionsOption = 1,
    confirmed_by: ConfirmedOption = "",
    country: CountryOption = "",
    motion_region: MotionOption = "global",
    simulated: SimulatedOption = False,
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Draft an update of an event that was warned of: it refers to every message published before.

    Example: houfeng warn update 1 --places places.csv --chances later.csv --confirmed-by CSN
    """
    from houfeng.errors import InputError
    from houfeng.operations.alert_log import thread_of
    from houfeng.operations.event_files import read_earthquake, read_event

    with open_store() as store:
        record = store.alerts.one(number)
        if "earthquake" not in record.facts:
            raise InputError(f"alert {number} is on a forecast; draft one on a later forecast: houfeng warn forecast")
        earthquake = read_earthquake(record.facts["earthquake"]) if event_file is None else read_event(event_file)
        if earthquake.event_id != record.event:
            raise InputError(f"alert {number} is on {record.event}, the file on {earthquake.event_id}")
        if not thread_of(store.alerts, record.event, drill=record.drill):
            raise InputError(f"nothing was published on {record.event} yet, so there is nothing to update")
        _draft(store, earthquake, places, chances, rules, _location(stations, error_km, solutions, confirmed_by),
               country, motion_region, record.drill, simulated, as_of, as_json)  # fmt: skip


@app.command()
def forecast(
    number: Annotated[int, typer.Argument(help="Number of the forecast, from: houfeng issue list")],
    rules: RulesOption = None,
    acting: Annotated[list[str], typer.Option("--acting", help="Rule whose action was begun; may be repeated.")] = [],  # noqa: B006 - typer copies it
    drill: DrillOption = False,
    as_of: AsOfOption = "",
    as_json: JsonOption = False,
) -> None:
    """Say what the cost-loss rules advise on a stored forecast, and draft an alert for each that says act.

    Example: houfeng warn forecast 12 --rules rules.toml
    """
    from houfeng.alerts.wording import percent
    from houfeng.operations.alert_log import keep, summary
    from houfeng.operations.warn_forecast import advise, warn_of_forecast

    settings, now = _settings(), moment(as_of, drill=drill)
    with open_store() as store:
        found = advise(store, number, rules_of(rules, settings).forecast, acting=acting)
        drafts = []
        for advice in found:
            if advice.acts:
                alert = warn_of_forecast(store, number, advice, sender=sender_of(settings), now=now, drill=drill)
                drafts.append(keep(store, alert, {"forecast": number, "rule": advice.rule.name}))
    if as_json:
        print_json({"advice": [_advice(advice) for advice in found], "drafts": [summary(draft) for draft in drafts]})
        return
    rows = []
    for advice in found:
        verdict = advice.verdict
        chance, usual = verdict.probability, "?" if advice.usual is None else percent(advice.usual)
        rows.append((advice.rule.name, percent(chance.value), f"{percent(chance.low)} to {percent(chance.high)}", usual,
                     percent(verdict.flip_probability), "act" if advice.acts else "wait",
                     "firm" if verdict.firm else "open"))  # fmt: skip
    print_table(["rule", "chance", "over models", "usual", "flips at", "advice", "is it firm"], rows)
    for draft in drafts:
        say(f"draft {draft.id}; look at it: houfeng warn show {draft.id}")


def open_store() -> Store:
    """The store of the settings, made where there is none."""
    from houfeng.store import Store

    return Store.open(_settings().data_dir)


def sender_of(settings: Settings) -> Sender:
    """Who composes, from the settings."""
    from datetime import timedelta

    from houfeng.operations.warn import Sender

    return Sender(settings.alerts.sender, timedelta(hours=settings.alerts.valid_hours), settings.alerts.contact)


def rules_of(path: Path | None, settings: Settings) -> Rules:
    """The rules of a file, else those of the settings, else the built-in ones."""
    from houfeng.warning import Rules

    chosen = settings.alerts.rules if path is None else path
    return Rules.from_toml(chosen) if chosen else Rules()


def moment(text: str, *, drill: bool) -> datetime:
    """Now, or in an exercise the time it replays."""
    from datetime import UTC, datetime

    from houfeng.errors import InputError
    from houfeng.times import parse_time

    if text and not drill:
        raise InputError("--as-of replays the past, which only an exercise may: add --drill")
    return parse_time(text) if text else datetime.now(UTC)


def _settings() -> Settings:
    from houfeng.config import load_settings

    return load_settings()


def _location(stations: int, error_km: float, solutions: int, confirmed_by: str) -> Location:
    from houfeng.warning import Location

    return Location(stations, error_km, solutions, confirmed_by)


def _draft(
    store: Store, earthquake: Earthquake, places_file: Path, chances_file: Path | None, rules_file: Path | None,
    location: Location, country: str, motion_region: str, drill: bool, simulated: bool, as_of: str, as_json: bool
) -> None:  # fmt: skip
    from houfeng.operations.alert_log import keep, thread_of, warned_before
    from houfeng.operations.places import read_places
    from houfeng.operations.warn import facts_of, warn

    settings = _settings()
    rules = rules_of(rules_file, settings)
    places = read_places(places_file, radius_km=settings.alerts.place_radius_km)
    for reason in places.rejected:
        say(f"kept out: {reason}")
    product = warn(
        earthquake,
        places,
        _chances(earthquake, places, chances_file, motion_region, rules, settings, simulated),
        rules=rules,
        location=location,
        sender=sender_of(settings),
        now=moment(as_of, drill=drill),
        drill=drill,
        thread=thread_of(store.alerts, earthquake.event_id, drill=drill),
        warned=warned_before(store, earthquake.event_id, drill=drill),
        country=country,
    )
    for note in product.chances.notes:
        say(note["en"])
    facts = facts_of(product, location)
    record = keep(store, product.alert, facts) if product.alert else None
    _tell(product, facts, record, as_json)


def _chances(
    earthquake: Earthquake, places: Places, path: Path | None, motion_region: str, rules: Rules, settings: Settings,
    simulated: bool
) -> Chances:  # fmt: skip
    from dataclasses import replace

    import numpy as np

    from houfeng.operations.places import read_chances
    from houfeng.operations.warn import chances_at_places

    if path is None:
        rng = np.random.default_rng(settings.forecast.seed)
        chances = chances_at_places(earthquake, places, rules.levels, rng=rng, region=motion_region)
    else:
        chances = read_chances(path, places)
    return replace(chances, simulated=chances.simulated or simulated)


def _tell(product: WarnProduct, facts: dict, record: AlertRecord | None, as_json: bool) -> None:
    from houfeng.alerts.card import to_text
    from houfeng.operations.alert_log import issued, summary

    if as_json:
        banner = None if product.tsunami is None else dict(product.tsunami.banner)
        print_json({"draft": record and summary(record), "reason": product.reason, "tsunami": banner, "facts": facts})
        return
    if record is None:
        if product.tsunami is not None:
            print("\n".join(product.tsunami.banner.values()))
        say(f"no alert was drafted: {product.reason}")
        return
    print(to_text(issued(record)), end="")
    say(f"draft {record.id}; nothing was sent. Next: houfeng warn approve {record.id} --by NAME")


def _advice(advice) -> dict[str, object]:
    verdict = advice.verdict
    return {
        "rule": advice.rule.name,
        "action": advice.rule.action,
        "magnitude": advice.rule.magnitude,
        "chance": verdict.probability.value,
        "chance_low": verdict.probability.low,
        "chance_high": verdict.probability.high,
        "models": advice.n_models,
        "usual": advice.usual,
        "flip_probability": verdict.flip_probability,
        "acts": advice.acts,
        "firm": verdict.firm,
        "expected_gain": [verdict.gain.value, verdict.gain.low, verdict.gain.high],
        "unit": advice.rule.unit,
        "false_alarm_chance": verdict.false_alarm_chance,
    }
