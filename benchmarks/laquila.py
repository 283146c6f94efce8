"""L'Aquila 2009: shares of buildings at D3 or worse, computed and surveyed, by class of the survey.

56,410 surveyed buildings (Da.D.O. via BayesFrag), 64 stations. Shaking: the crustal ground-motion models conditioned on
the stations; fragility: Hazus as it is, nothing fitted. For information: it shows whether damage is of the right size.
"""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from harness import Figure, arguments, report

from houfeng.damage.assessment import assess
from houfeng.damage.exposure import Exposure
from houfeng.damage.states import EMS98
from houfeng.earthquake import Earthquake
from houfeng.operations.assess import shaking
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites
from houfeng.shaking.stations import Stations

#: Classes of the survey (masonry from weak to good, A to C1; low, medium and high) and the Hazus types taken for them.
TYPES = {"A-L": "URML-PC", "A-MH": "URMM-PC", "B-L": "URML-LC", "B-MH": "URMM-LC", "C1-L": "RM1L-LC",
         "C1-MH": "RM1M-LC"}  # fmt: skip
SAMPLE, FIELDS, SEED = 8000, 100, 20090406


def rows(path: Path) -> dict[str, np.ndarray]:
    """Columns of a CSV file as text."""
    with path.open(encoding="utf-8") as stream:
        header, *lines = csv.reader(stream)
    return dict(zip(header, np.array(lines).T, strict=True))


def rupture_of(path: Path) -> Rupture:
    """The plane of the rupture file."""
    table = json.loads(path.read_text())
    meta = table["metadata"]
    earthquake = Earthquake(
        event_id="laquila",
        time=datetime(2009, 4, 6, 1, 32, 40, tzinfo=UTC),
        longitude=meta["lon"],
        latitude=meta["lat"],
        depth_km=meta["depth"],
        magnitude=meta["mag"],
    )
    corners = np.array(table["features"][0]["geometry"]["coordinates"][0][0])[:4]
    return Rupture.from_quads(earthquake, corners[None], rake_deg=-90.0)


def stations_of(path: Path) -> Stations:
    """Peak acceleration (mean of the horizontal components) at the stations."""
    table = rows(path)
    sites = Sites(table["Longitude"].astype(float), table["Latitude"].astype(float), table["vs30"].astype(float))
    ln_pga = table["geoM_logPGA"].astype(float)[:, None]
    return Stations(
        table["id"].astype(object), sites, ("PGA",), ln_pga, np.zeros_like(ln_pga), np.full(len(sites), np.nan)
    )


def main() -> None:
    given = arguments(__doc__.splitlines()[0])
    folder = given.shared / "damage" / "laquila2009"
    survey = rows(folder / "survey.csv")
    rng = np.random.default_rng(SEED)
    chosen = np.sort(rng.permutation(len(survey["id"]))[:SAMPLE])
    survey = {name: column[chosen] for name, column in survey.items()}
    longitude, latitude = survey["Longitude"].astype(float), survey["Latitude"].astype(float)
    ones = np.ones(SAMPLE)
    stock = Exposure(
        asset_id=survey["id"], zone_id=survey["BuildingClass"], longitude=longitude, latitude=latitude,
        taxonomy=np.array([TYPES[name] for name in survey["BuildingClass"]], object), buildings=ones,
        occupants_day=ones, occupants_night=ones, area_m2=ones, replacement_usd=ones, simulated=False, source="Da.D.O.",
    )  # fmt: skip
    rupture = rupture_of(folder / "rupture.json")
    sites = Sites(longitude, latitude, survey["vs30"].astype(float))
    field, _ = shaking(rupture, sites, region="global", stations=stations_of(folder / "stations.csv"))
    pga = field.realisations(FIELDS, rng)["PGA"]
    damage = assess(stock, {"PGA": pga}, local_hour=3.5, rng=rng)
    grades = damage.buildings(EMS98)
    heavy = grades[..., 3:].sum(axis=-1)
    surveyed = survey["DamageState"].astype(int) >= 3
    figures = [
        Figure("median_pga_g", float(np.median(pga)), "g"),
        *_shares("all", heavy.sum(axis=1), SAMPLE, surveyed),
    ]
    for number, name in enumerate(damage.zone_id):
        mine = survey["BuildingClass"] == name
        figures += _shares(name, heavy[:, number], mine.sum(), surveyed[mine])
    report("laquila", figures, given.json)


def _shares(name: str, heavy: np.ndarray, count: int, surveyed: np.ndarray) -> list[Figure]:
    low, high = 100 * np.quantile(heavy, [0.05, 0.95]) / count
    text = f"surveyed {100 * surveyed.mean():.1f} %; ours {low:.1f} to {high:.1f} %"
    return [Figure(f"{name}_d3_or_worse", 100 * float(heavy.mean()) / count, "%", peer=text)]


if __name__ == "__main__":
    main()
