"""``houfeng assess``: what an earthquake did to one's own buildings and people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    earthquake_given,
)
from houfeng.cli.output import JsonOption, print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from houfeng.earthquake import Earthquake
    from houfeng.operations.own_assessment import OwnAssessment
    from houfeng.operations.own_event import OwnEvent

ExposureOption = Annotated[
    Path | None, typer.Option("--exposure", help="CSV or GeoJSON: longitude, latitude, taxonomy, occupants_night ...")
]
SimulatedOption = Annotated[bool, typer.Option("--simulated", help="The buildings are invented; every text says so.")]
CityOption = Annotated[
    str, typer.Option("--city", help="A city that ships with Houfeng (coquimbo) instead; its buildings are SIMULATED.")
]
CountryOption = Annotated[str, typer.Option("--country", help="Two letters (ISO 3166), for instance CL.")]
ShakemapOption = Annotated[
    Path | None, typer.Option("--shakemap", help="ShakeMap grid.xml: event and shaking, instead of models.")
]
StationsOption = Annotated[
    Path | None, typer.Option("--stations", help="Observed shaking: CSV, stationlist.xml or stationlist.json.")
]
StrikeOption = Annotated[float | None, typer.Option("--strike", help="Of the plane that broke, 0 to 360 degrees.")]
DipOption = Annotated[float | None, typer.Option("--dip", help="Of the plane, 1 to 90 degrees.")]
RakeOption = Annotated[float | None, typer.Option("--rake", help="Direction of slip, -180 to 180 degrees.")]
LengthOption = Annotated[float | None, typer.Option("--length-km", help="Of the plane; by default the usual one.")]
WidthOption = Annotated[float | None, typer.Option("--width-km", help="Of the plane; by default the usual one.")]
HourOption = Annotated[
    float | None, typer.Option("--local-hour", help="Local time of the earthquake, 0 to 24: who was indoors.")
]
OffsetOption = Annotated[float | None, typer.Option("--utc-offset", help="Local time less UTC in hours, instead.")]
Vs30Option = Annotated[
    float | None, typer.Option("--vs30", min=50, max=3000, help="Of the ground, m/s; by default stiff soil, 360.")
]
FieldsOption = Annotated[
    int, typer.Option("--fields", min=20, max=10_000, help="Equally likely fields of shaking behind every range.")
]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of every random draw.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Folder for the files; by default runs/ and a name.")]
LanguageOption = Annotated[str, typer.Option("--language", help="Of the printed text: en or zh.")]
BudgetOption = Annotated[
    float | None, typer.Option("--yearly-budget-usd", help="For repair; gives the order of recovery over ten years.")
]

#: Districts in the printed table.
_SHOWN = 8
_PLANE = {"strike_deg": "strike", "dip_deg": "dip", "rake_deg": "rake", "length_km": "length", "width_km": "width"}


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("assess")(assess)


def assess(
    ctx: typer.Context,
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
    yearly_budget_usd: BudgetOption = None,
    out: OutOption = None,
    language: LanguageOption = "en",
    as_json: JsonOption = False,
) -> None:
    """Reckon shaking, damage, people hurt, losses and repair for an earthquake and buildings of one's own.

    Every number is a range; nothing is observed, and the output says so. With --shakemap the map gives both event
    and shaking; with --stations the models are bent to what was recorded.

    Example: houfeng assess --event illapel.json --exposure buildings.csv --country CL --motion-region chile
    """
    from houfeng.operations.own_assessment import OwnAssessment, document, write_assessment
    from houfeng.operations.own_event import same_event

    check_language(language)
    event = event_of(ctx.params)
    folder = folder_of(event, out)
    if same_event(folder, event.rupture.earthquake.event_id):
        say(f"{folder} holds an earlier assessment of this earthquake; it is replaced")
    with progress_shown() as progress:
        own = OwnAssessment.of(event, event.assessed(progress), yearly_budget_usd=yearly_budget_usd)
        progress("files")
        written = write_assessment(own, folder)
    if as_json:
        print_json(document(own) | {"folder": folder, "files": written})
        return
    tell(own, language)
    say(f"files: {folder}/")


def event_of(options: Mapping[str, object]) -> OwnEvent:
    """All that an assessment is made from, from the options of a command by their names."""
    from houfeng.config import load_settings
    from houfeng.errors import InputError
    from houfeng.operations.own_event import OwnEvent, local_hour_of, rupture_of
    from houfeng.shaking.sites import DEFAULT_VS30_MPS

    city, seed = options["city"], options["seed"]
    demo = _demo(city) if city else None
    country = (options["country"] or (demo.country if demo else "")).upper()
    if not country:
        raise InputError("--country is missing: two letters, for instance CL; whose model of deaths is it?")
    earthquake = _earthquake(options)
    offset = options["utc_offset"] if options["utc_offset"] is not None or demo is None else demo.utc_offset_h
    hour, how = local_hour_of(
        earthquake.time, longitude=earthquake.longitude, local_hour=options["local_hour"], utc_offset_h=offset
    )
    notes = []
    if how == "longitude":
        notes.append({"en": f"local time is taken by the sun, {hour:.1f} h",
                      "zh": f"当地时间按经度推算为{hour:.1f}时", "option": "--local-hour or --utc-offset"})  # fmt: skip
    exposure, read = _exposure(options, demo)
    plane = {name: options[option] for name, option in _PLANE.items()}
    vs30 = options["vs30"] or DEFAULT_VS30_MPS
    if options["vs30"] is None and options["shakemap"] is None:
        notes.append({"en": f"the ground is taken as stiff soil everywhere, Vs30 {vs30:g} m/s",
                      "zh": f"场地统一按硬土处理，Vs30为{vs30:g}米/秒", "option": "--vs30"})  # fmt: skip
    return OwnEvent(
        rupture=rupture_of(earthquake, plane),
        plane=plane,
        exposure=exposure,
        city=city,
        country=country,
        region=options["motion_region"] or (demo.region if demo else "global"),
        local_hour=hour,
        seed=load_settings().forecast.seed if seed is None else seed,
        n_fields=options["fields"],
        vs30_mps=vs30,
        stations_file=options["stations"],
        shakemap_file=options["shakemap"],
        notes=(*notes, *read, *_rejected(options)),
    )


def check_language(language: str) -> None:
    """Refuse a language there are no words in."""
    from houfeng.errors import UnknownNameError
    from houfeng.reports.messages import LANGUAGES

    if language not in LANGUAGES:
        raise UnknownNameError("language", language, LANGUAGES)


def folder_of(event: OwnEvent, out: Path | None) -> Path:
    """Where the files go: --out, else a name made of the event's."""
    if out is not None:
        return out
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in event.rupture.earthquake.event_id).strip(".")
    return Path("runs") / f"assess-{name or 'event'}"


def tell(own: OwnAssessment, language: str) -> None:
    """Print what matters: notes, totals, the districts hit worst or paid for first."""
    from houfeng.operations.repair import districts
    from houfeng.operations.situation import felt, losses
    from houfeng.reports.situation_numbers import count, intensity, measure, roman
    from houfeng.reports.situation_numbers import say as word

    zh = language == "zh"
    quake = own.event.rupture.earthquake
    print(f"{quake.name(language)}, {quake.magnitude_type} {quake.magnitude:g}, {quake.time:%Y-%m-%d %H:%M:%S} UTC\n")
    for note in own.notes():
        print(f"* {note[language]}{hint(note)}")
    shaking = felt(own.assessment)
    rows = [(f"{word('mmi', language)} {roman(shaking['mmi']['value'])}", *_cells(shaking["mmi"], intensity, language)),
            (f"{word('pga', language)} (g)", *_cells(shaking["pga_g"], measure, language))]  # fmt: skip
    rows += [(word(name, language), *_cells(value, count, language)) for name, value in losses(own.assessment).items()]
    print()
    print_table(["", "估计" if zh else "estimate", "90 % 范围" if zh else "90 % range"], rows)
    known = "stations_some" if shaking["stations"] else "stations_none"
    print(f"{word(known, language, n=shaking['stations'])} ({own.assessment.field.source})\n{own.pager(language)}\n")
    listed = districts(own.assessment.damage, own.repairs, own.recovery)
    heads = (["片区", "人口", "严重破坏（栋）", "需安置", "修复费用（美元）", "每栋天数"] if zh else
             ["district", "people", "severe damage", "displaced", "repair, US dollars", "days a building"])  # fmt: skip
    heads += [] if own.recovery is None else ["修复完成（年）" if zh else "paid for, years"]
    print_table(heads, [_row(row, language) for row in listed[:_SHOWN]])
    if own.recovery is not None:
        print(own.recovery.rule[language])
    elif len(listed) > _SHOWN:
        say(f"and {len(listed) - _SHOWN} districts more in recovery.json; --yearly-budget-usd gives an order of repair")


def hint(note: Mapping[str, str]) -> str:
    """The option that mends what a note says, in brackets."""
    return f" [{note['option']}]" if "option" in note else ""


def _row(row: Mapping, language: str) -> list[str]:
    from houfeng.reports.situation_numbers import count

    numbers = ("severe", "displaced", "cost_usd", "days_per_building")
    cells = [row["zone_id"], count(row["residents"], language)]
    cells += [" ".join(_cells(row[name], count, language)) for name in numbers]
    if "done_years" in row:
        ends = [row["done_years"][name] for name in ("value", "low", "high")]
        best, low, high = (">10" if end is None else f"{end:.1f}" for end in ends)
        cells.append(f"{best} ({low}～{high})" if language == "zh" else f"{best} ({low} to {high})")
    return cells


def _cells(value: Mapping[str, float], form, language: str) -> tuple[str, str]:
    from houfeng.reports.situation_numbers import span

    return form(value["value"], language), span(value, language, form)


def _earthquake(options: Mapping[str, object]) -> Earthquake:
    from houfeng.errors import InputError

    told = {key: options[key] for key in (*SINGLE, "regime", "name", "name_zh")}
    if options["shakemap"] is not None and options["event_file"] is None:
        from houfeng.shaking.shakemap import read_shakemap

        if any(options[key] not in (None, "") for key in SINGLE):
            raise InputError("give either --shakemap, which names the earthquake, or --id, --time, --longitude ...")
        return read_shakemap(options["shakemap"], regime=options["regime"]).field.earthquake
    return earthquake_given(options["event_file"], **told)


def _rejected(options: Mapping[str, object]) -> list[Mapping[str, str]]:
    """What was left out of stations and map."""
    from houfeng.shaking.shakemap import read_shakemap
    from houfeng.shaking.station_files import read_stations

    told = []
    for path, read in ((options["stations"], read_stations), (options["shakemap"], read_shakemap)):
        if path is not None:
            for reason, count in read(path).rejected.items():
                told.append({"en": f"{path.name}: {count:,} left out: {reason}",
                             "zh": f"{path.name}：剔除{count:,}项：{reason}"})  # fmt: skip
    return told


def _demo(name: str):
    from houfeng.errors import UnknownNameError
    from houfeng.operations.city import coquimbo
    from houfeng.operations.own_event import CITIES

    if name not in CITIES:
        raise UnknownNameError("city that ships with Houfeng", name, CITIES)
    return coquimbo()


def _exposure(options: Mapping[str, object], demo):
    """The exposure, and what reading it had to leave out or fill in."""
    from houfeng.damage.exposure_files import read_exposure
    from houfeng.errors import InputError

    if (options["exposure"] is None) == (demo is None):
        raise InputError("give either --exposure FILE or --city coquimbo: whose buildings are they?")
    if demo is not None:
        return demo.exposure, ()
    reading = read_exposure(options["exposure"], simulated=options["simulated"])
    told = [{"en": f"{options['exposure'].name}: {count:,} rows kept out: {reason}",
             "zh": f"{options['exposure'].name}：剔除{count:,}行：{reason}"}
            for reason, count in reading.reasons.items()]  # fmt: skip
    told += [{"en": f"{options['exposure'].name}: {note}", "zh": f"{options['exposure'].name}：{note}"}
             for note in reading.notes]  # fmt: skip
    return reading.exposure, tuple(told)
