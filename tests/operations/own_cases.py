"""The invented town read from its files, assessed once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from houfeng.damage.exposure_files import read_exposure
from houfeng.operations.assess import Assessment
from houfeng.operations.city import City
from houfeng.operations.event_files import read_event
from houfeng.operations.own_city import CityFiles, OwnCity, city_for
from houfeng.operations.own_event import OwnEvent, rupture_of
from tests.operations.invented_town import write_town

ISSUED_AT = datetime(2020, 5, 1, 12, 10, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Town:
    """Its files, what was given, the assessment, the whole city and the one with nothing but roads."""

    folder: Path
    event: OwnEvent
    assessment: Assessment
    place: OwnCity
    bare: City

    @property
    def city(self) -> City:
        return self.place.city


def files_of(folder: Path) -> CityFiles:
    """Every file of the town."""
    tables = {name: folder / f"{name}.csv" for name in ("teams", "hospitals", "shelters", "depots")}
    return CityFiles(roads=folder / "roads.geojson", coast=folder / "coast.geojson", **tables)


def event_in(folder: Path, **changes) -> OwnEvent:
    """What is given of the town and its earthquake."""
    usual = {"plane": {}, "city": "", "country": "CL", "region": "chile", "local_hour": 2.0, "seed": 3, "n_fields": 60}
    quake = read_event(folder / "event.json")
    stock = read_exposure(folder / "stock.csv").exposure
    return OwnEvent(**{"rupture": rupture_of(quake, {}), "exposure": stock} | usual | changes)


def town_in(folder: Path) -> Town:
    """Write the town into `folder`, read and assess it."""
    event = event_in(write_town(folder))
    bare = city_for(event, CityFiles(roads=folder / "roads.geojson")).city
    return Town(folder, event, event.assessed(), city_for(event, files_of(folder)), bare)
