"""The chain on the demo city: from the earthquake to the first map of shaking, to the damage, to the plan.

Illapel M8.3 as a point source and Coquimbo-La Serena (133 zones, 19,846 roads; buildings, teams and places are
SIMULATED). Warm: everything is done once before it is measured, so that compiled code is loaded; that first time is
printed apart. Wall and CPU seconds (of all threads).
"""

import sys

import numpy as np
from harness import Figure, arguments, report, stopwatch

from houfeng.operations.assess import MEASURES, assess, shaking
from houfeng.operations.chain import REPORT_AFTER, chain
from houfeng.operations.city import City, coquimbo
from houfeng.operations.respond import bridge_places, respond
from houfeng.operations.shaking_outlook import chilean_towns
from houfeng.operations.warn import Sender
from houfeng.reports.coastline import coastline
from houfeng.reports.intensity_map import intensity_map
from houfeng.reports.maps import Frame
from houfeng.shaking.illapel import illapel_rupture
from houfeng.shaking.intensity import intensity_of
from houfeng.shaking.rupture import Rupture
from houfeng.shaking.sites import Sites
from houfeng.warning import Location

SEED, LIMIT_S = 1, 10.0


def first_map(rupture: Rupture, city: City) -> bytes:
    """Map of the shaking around epicentre and city, drawn."""
    quake, (longitude, latitude) = rupture.earthquake, city.centre
    x = np.arange(min(quake.longitude, longitude) - 0.8, max(quake.longitude, longitude) + 0.8, 0.05)
    y = np.arange(min(quake.latitude, latitude) - 0.8, max(quake.latitude, latitude) + 0.8, 0.05)
    lon, lat = np.meshgrid(x, y)
    field, _ = shaking(rupture, Sites.of(longitude=lon.ravel(), latitude=lat.ravel()), region=city.region)
    mmi = intensity_of(field.motion).mean.reshape(len(y), len(x))
    return intensity_map(
        Frame(x[0], y[0], x[-1], y[-1]),
        longitude=x,
        latitude=y,
        mmi=mmi,
        language="en",
        coast=coastline(),
        epicentre=(quake.longitude, quake.latitude),
    )


def measured(rupture: Rupture, city: City) -> dict:
    """Seconds of each step."""
    watches = {}
    with stopwatch() as watches["first shaking map"]:
        first_map(rupture, city)
    with stopwatch() as watches["damage"]:
        done = assess(
            rupture,
            city.exposure,
            country=city.country,
            region=city.region,
            local_hour=19.9,
            seed=SEED,
            places=bridge_places(city),
        )
    with stopwatch() as watches["plan"]:
        respond(
            city,
            done.damage,
            event_id=rupture.earthquake.event_id,
            issued=rupture.earthquake.time + REPORT_AFTER,
            seed=SEED,
            bridge_sa10_g=done.at_places(MEASURES[-1]),
            tsunami=True,
        )
    return watches


def whole(rupture: Rupture, city: City):
    """Seconds of warning, assessment and response together, as `houfeng run` does them (without files)."""
    with stopwatch() as watch:
        chain(
            rupture,
            city,
            chilean_towns(),
            issued=rupture.earthquake.time + REPORT_AFTER,
            seed=SEED,
            sender=Sender("benchmark@houfeng.invalid"),
            location=Location(confirmed_by="benchmark"),
            drill=True,
        )
    return watch


def main() -> int:
    """Measure and print."""
    given = arguments(__doc__)
    rupture, city = Rupture.point(illapel_rupture().earthquake), coquimbo()
    cold, warm, together = measured(rupture, city), measured(rupture, city), whole(rupture, city)
    figures = []
    for name, watch in warm.items():
        figures.append(Figure(f"{name}, wall", watch.wall_s, "s", target=LIMIT_S))
        figures.append(Figure(f"{name}, CPU", watch.cpu_s, "s", target=LIMIT_S))
    figures += [Figure(f"{name}, first time in a process, wall", watch.wall_s, "s") for name, watch in cold.items()]
    figures += [Figure("warning, damage and plan together, wall", together.wall_s, "s"),
                Figure("warning, damage and plan together, CPU", together.cpu_s, "s")]  # fmt: skip
    return 0 if report("chain", figures, given.json) else 1


if __name__ == "__main__":
    sys.exit(main())
