"""``houfeng respond``: what to do first after an earthquake, on one's own roads, with one's own teams and places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from houfeng.cli.assess import (
    CityOption,
    CountryOption,
    DipOption,
    ExposureOption,
    FieldsOption,
    HourOption,
    LanguageOption,
    LengthOption,
    OffsetOption,
    OutOption,
    RakeOption,
    SeedOption,
    ShakemapOption,
    SimulatedOption,
    StationsOption,
    StrikeOption,
    Vs30Option,
    WidthOption,
    check_language,
    event_of,
    folder_of,
    hint,
)
from houfeng.cli.choices import progress_shown
from houfeng.cli.event_options import (
    SINGLE,
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
)
from houfeng.cli.output import JsonOption, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from houfeng.operations.own_city import CityFiles
    from houfeng.operations.own_event import OwnEvent
    from houfeng.operations.own_response import OwnResponse
    from houfeng.operations.respond import SecondResponse

FolderArgument = Annotated[
    Path | None, typer.Argument(help="Folder of an assessment; without it one is made from the other options.")
]
RoadsOption = Annotated[Path | None, typer.Option("--roads", help="Lines as .geojson or .gpkg.")]
LayerOption = Annotated[str | None, typer.Option("--roads-layer", help="Layer of a GeoPackage.")]
CrossingsOption = Annotated[bool, typer.Option("--crossings", help="Join roads also where lines merely cross.")]
ToleranceOption = Annotated[
    float, typer.Option("--join-m", min=0, max=100, help="Ends of roads this near to another are joined to it, m.")
]
ClosuresOption = Annotated[
    Path | None, typer.Option("--closures", help="CSV (edge_id) or GeoJSON; without it closures are SIMULATED.")
]
AgainOption = Annotated[
    Path | None, typer.Option("--replan-with", help="Closures found later: the plan again, with few moves.")
]
TeamsOption = Annotated[
    Path | None, typer.Option("--teams", help="CSV: name, longitude, latitude; level, start_h, shift_h, capacity.")
]
HospitalsOption = Annotated[
    Path | None, typer.Option("--hospitals", help="CSV: name, longitude, latitude, capacity; kind standing or field.")
]
SheltersOption = Annotated[
    Path | None, typer.Option("--shelters", help="CSV: name, longitude, latitude, capacity; closed.")
]
DepotsOption = Annotated[
    Path | None, typer.Option("--depots", help="CSV: name, longitude, latitude, stock_litres of water.")
]
CoastOption = Annotated[Path | None, typer.Option("--coast", help="GeoJSON line(s) along the shore.")]
StripOption = Annotated[
    float, typer.Option("--coastal-strip-km", help="Nothing is opened nearer to the shore than this.")
]
PlaceOption = Annotated[str, typer.Option("--place", help="Name of the place, in English.")]
PlaceZhOption = Annotated[str, typer.Option("--place-zh", help="Name of the place, in Chinese.")]
IssuedOption = Annotated[str, typer.Option("--issued", help="Time of the plan, with zone; by default now.")]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("respond")(respond)


def respond(
    ctx: typer.Context,
    folder: FolderArgument = None,
    roads: RoadsOption = None,
    layer: LayerOption = None,
    crossings: CrossingsOption = False,
    tolerance_m: ToleranceOption = 0.0,
    closures: ClosuresOption = None,
    replan_with: AgainOption = None,
    teams: TeamsOption = None,
    hospitals: HospitalsOption = None,
    shelters: SheltersOption = None,
    depots: DepotsOption = None,
    coast: CoastOption = None,
    coastal_strip_km: StripOption = 1.0,
    place: PlaceOption = "",
    place_zh: PlaceZhOption = "",
    issued: IssuedOption = "",
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
    shakemap: ShakemapOption = None,
    stations: StationsOption = None,
    strike: StrikeOption = None,
    dip: DipOption = None,
    rake: RakeOption = None,
    length: LengthOption = None,
    width: WidthOption = None,
    exposure: ExposureOption = None,
    simulated: SimulatedOption = False,
    city: CityOption = "",
    country: CountryOption = "",
    motion_region: MotionOption = "",
    local_hour: HourOption = None,
    utc_offset: OffsetOption = None,
    vs30: Vs30Option = None,
    fields: FieldsOption = 200,
    seed: SeedOption = None,
    out: OutOption = None,
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Plan search and rescue, field hospitals, shelters and water after an earthquake, on roads as they are.

    Whatever is not given is planned without, and said to be missing. The plan is for people to decide on.

    Example: houfeng respond runs/assess-us20003k7a --roads roads.gpkg --teams teams.csv --shelters shelters.csv
    """
    from houfeng.operations.own_city import city_for
    from houfeng.operations.own_response import respond_after, respond_to
    from houfeng.operations.own_situation import change_document, plan_document, write_response, write_situation
    from houfeng.response.closure_files import read_closures

    check_language(language)
    with progress_shown() as progress:
        event, target, written = _assessed(folder, ctx.params)
        files = _files(ctx.params)
        here = city_for(event, files)
        known = None if closures is None else read_closures(closures, here.city.roads)
        later = None if replan_with is None else read_closures(replan_with, here.city.roads)
        assessment = event.assessed(progress)
        own = respond_to(event, assessment, here, issued=_moment(issued), closures=known, progress=progress)
        progress("files and maps")
        written += _kept(event, assessment, target, folder) + write_response(own, target)
        final, second = own, None
        if later is not None:
            final, second = respond_after(own, later, issued=own.issued)
            written += write_response(final, target, stem="replan", document=change_document(final, second))
        if own.city.population.sum() > 0:
            written += write_situation(final, target)
    if as_json:
        changed = {} if second is None else {"replan": change_document(final, second)}
        print_json(plan_document(own) | changed | {"folder": target, "files": written})
        return
    tell(own, language)
    if second is not None:
        _tell_change(final, second, language)
    say(f"files: {target}/")


def tell(own: OwnResponse, language: str) -> None:
    """Print what to do first, the state of the roads, and what is missing."""
    from houfeng.operations.own_situation import left_out, situation_roads, unknown
    from houfeng.operations.situation import actions, ranged
    from houfeng.reports.situation_numbers import count, measure, span
    from houfeng.reports.situation_numbers import say as word

    zh, plan, quake = language == "zh", own.response.plan, own.rupture.earthquake
    print(f"{quake.name(language)}, {quake.magnitude_type} {quake.magnitude:g}, {quake.time:%Y-%m-%d %H:%M:%S} UTC")
    print(f"{own.city.names[language]}, {word('issued', language, time=f'{own.issued:%Y-%m-%d %H:%M}')}\n")
    if own.warning.tsunami is not None:
        print(f"{own.warning.tsunami.banner[language]}\n")
    for message in plan.messages(language):
        print(f"! {message}")
    for note in (*left_out(own), *unknown(own)):
        print(f"* {note[language]}{hint(note)}")
    print()
    print_table(["先做什么" if zh else "what to do first", "由谁" if zh else "who"],
                [(each["words"][language], each["who"][language]) for each in actions(own)])  # fmt: skip
    roads = situation_roads(own)
    numbers = [
        (word("trapped", language), ranged(plan.rescue.trapped), count),
        ("预计获救" if zh else "Brought out alive", ranged(plan.rescue.survivors), count),
        (word("closed", language), roads["closed"], count),
        (word("km_closed", language), roads["km_closed"], measure),
    ]
    if roads["unreachable_people"] is not None:
        numbers.append((word("unreachable_people", language), roads["unreachable_people"], count))
    rows = [(name, form(value["value"], language), span(value, language, form)) for name, value, form in numbers]
    print_table(["", "估计" if zh else "estimate", "90 % 范围" if zh else "90 % range"], rows)


def _tell_change(own: OwnResponse, second: SecondResponse, language: str) -> None:
    change = second.change
    sites, zones, teams = len(change.moved_sites), len(change.moved_zones), ", ".join(change.touched_teams) or "-"
    if language == "zh":
        print(f"再次封路后：调整{change.moves}项（搜救点{sites}，片区{zones}）；路线变化的队伍：{teams}")
    else:
        print(f"with more roads closed, {change.moves} assignments moved ({sites} sites, {zones} zones)")
        print(f"teams whose way changed: {teams}")
    for message in own.response.plan.messages(language):
        print(f"! {message}")


def _assessed(folder: Path | None, options: Mapping[str, object]) -> tuple[OwnEvent, Path, list[Path]]:
    """What was given for the assessment, where the files go, and the files written so far."""
    from houfeng.errors import InputError
    from houfeng.operations.own_event import read_event_folder, same_event

    single = (*SINGLE, "event_file", "shakemap", "stations", "exposure", "city")
    if folder is None:
        event = event_of(options)
    elif given := [name for name in single if options[name] not in (None, "")]:
        raise InputError(f"the folder of an assessment says what it was made from; leave out {', '.join(given)}")
    else:
        event = read_event_folder(folder)
    target = options["out"] or folder or folder_of(event, None)
    if same_event(target, event.rupture.earthquake.event_id) and (target / "plan.json").exists():
        say(f"{target} holds an earlier plan for this earthquake; it is replaced")
    return event, target, []


def _kept(event: OwnEvent, assessment, target: Path, folder: Path | None) -> list[Path]:
    """Write the assessment where it is not there already."""
    from houfeng.operations.own_assessment import OwnAssessment, write_assessment

    if folder is not None and target.resolve() == folder.resolve():
        return []
    return write_assessment(OwnAssessment.of(event, assessment), target)


def _files(options: Mapping[str, object]) -> CityFiles:
    from houfeng.operations.own_city import CityFiles

    names = ("roads", "layer", "crossings", "tolerance_m", "teams", "hospitals", "shelters", "depots", "coast",
             "coastal_strip_km")  # fmt: skip
    place = {"en": options["place"], "zh": options["place_zh"] or options["place"]}
    return CityFiles(**{name: options[name] for name in names}, names=place if options["place"] else None)


def _moment(text: str):
    from datetime import UTC, datetime

    from houfeng.times import parse_time

    return parse_time(text) if text else datetime.now(UTC).replace(microsecond=0)
