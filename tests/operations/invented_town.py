"""A small invented town by the sea near Coquimbo, as files: 7 x 7 crossings, nine zones, SIMULATED throughout."""

import json
from pathlib import Path

WEST, SOUTH, STEP, SIDE = -71.25, -30.2, 0.01, 7
EVENT = {
    "event_id": "made-up-1",
    "time": "2020-05-01T12:00:00Z",
    "longitude": -71.4,
    "latitude": -30.3,
    "depth_km": 30.0,
    "magnitude": 7.2,
    "regime": "interface",
    "names": {"en": "an invented earthquake", "zh": "虚构地震"},
}
#: Ten minutes after.
ISSUED = "2020-05-01T12:10:00Z"
HEAD = (
    "asset_id,longitude,latitude,taxonomy,zone_id,buildings,occupants_day,occupants_night,area_m2,replacement_usd,"
    "simulated"
)


def road(start: list[float], end: list[float], **properties: object) -> dict:
    geometry = {"type": "LineString", "coordinates": [start, end]}
    return {"type": "Feature", "properties": {"highway": "residential"} | properties, "geometry": geometry}


def crossing(i: int, j: int) -> list[float]:
    return [round(WEST + i * STEP, 5), round(SOUTH + j * STEP, 5)]


def roads() -> dict:
    """Streets, those from west to east ``h..``, the others ``v..``; three bridges in the middle."""
    features = []
    for i in range(SIDE):
        for j in range(SIDE):
            if i < SIDE - 1:
                bridge = "yes" if i == 3 and j % 3 == 0 else "no"
                features.append(road(crossing(i, j), crossing(i + 1, j), id=f"h{i}{j}", bridge=bridge))
            if j < SIDE - 1:
                features.append(road(crossing(i, j), crossing(i, j + 1), id=f"v{i}{j}"))
    return {"type": "FeatureCollection", "features": features}


def stock() -> str:
    """Three assets in each of 36 blocks, in nine zones."""
    lines = [HEAD]
    for i in range(SIDE - 1):
        for j in range(SIDE - 1):
            place = f"{WEST + (i + 0.5) * STEP:.5f},{SOUTH + (j + 0.5) * STEP:.5f}"
            for taxonomy in ("URML-LC", "C1M-LC", "W1-MC"):
                name = f"a{len(lines)}"
                lines.append(f"{name},{place},{taxonomy},z{i // 2}{j // 2},40,60,200,5000,4000000,true")
    return "\n".join(lines) + "\n"


TABLES = {
    "teams.csv": "name,longitude,latitude,level,start_h,shift_h,capacity\n"
    "alfa,-71.19,-30.2,light,0.5,12,20\nbravo,-71.19,-30.14,heavy,2,12,40\n",
    "hospitals.csv": "name,longitude,latitude,capacity,kind,simulated\nH1,-71.22,-30.17,200,standing,yes\n"
    "F1,-71.20,-30.15,40,field,yes\nF2,-71.22,-30.19,40,field,yes\n",
    "shelters.csv": "name,longitude,latitude,capacity\nS1,-71.21,-30.18,3000\nS2,-71.249,-30.16,2000\n",
    "depots.csv": "name,longitude,latitude,stock_litres\nD1,-71.22,-30.16,20000\n",
    "closures.csv": "edge_id\nh30\nh33\n",
    "later.csv": "edge_id\nh50\nv60\nv61\n",
}
COAST = {"type": "LineString", "coordinates": [[-71.255, -30.25], [-71.255, -30.1]]}


def write_town(folder: Path) -> Path:
    """Write every file of the town; returns the folder."""
    (folder / "event.json").write_text(json.dumps(EVENT), encoding="utf-8")
    (folder / "roads.geojson").write_text(json.dumps(roads()), encoding="utf-8")
    (folder / "coast.geojson").write_text(json.dumps(COAST), encoding="utf-8")
    (folder / "stock.csv").write_text(stock(), encoding="utf-8")
    for name, text in TABLES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder
