"""Roads of Kahramanmaras after 6 February 2023: who reached a hospital, by which way, and what to clear first.

Copernicus EMS, activation EMSR648, area 04, grading (monitoring 1, images of 7 and 8 February): 7,830 roads noded at
every vertex, 81 blocked places, 134 damaged segments, 471 damaged or destroyed buildings, 9 hospitals. The blocked
places and damage are what people saw on satellite images; elsewhere nothing was seen, which is not "open". The times
are model times: speeds by class, a damaged segment three times slower, an hour of work per blockage, nobody counted
the people. With ``--picture FILE.png`` draws the map.
"""

import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness import Figure, arguments, report, stopwatch

from houfeng.response.clearance import Clearance, clearance_order
from houfeng.response.closures import Closures
from houfeng.response.road_files import RoadFields, RoadLine, RoadsRead, network_of_lines
from houfeng.response.roads import Nearest
from houfeng.response.snapping import EdgeFinder
from houfeng.response.travel import Router

FOLDER, PREFIX = "damage/kahramanmaras_ems", "EMSR648_AOI04_GRA_MONIT01_"
CLASSES = {
    "2111-Highways": "trunk",
    "21120-Primary Road": "primary",
    "21121-Secondary Road": "secondary",
    "21122-Local Road": "residential",
    "21124-Cart Track": "track",
    "2121-Long-distance railways": "railway",
}
DAMAGED_SLOWDOWN, WORK_MIN, SNAP_M = 3.0, 60.0, 20.0


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a dBASE table."""
    content = path.read_bytes()
    count, start, width = struct.unpack_from("<IHH", content, 4)
    names, at = [], 32
    while content[at] != 0x0D:
        names.append((content[at : at + 11].split(b"\0")[0].decode(), content[at + 16]))
        at += 32
    rows = []
    for number in range(count):
        at, row = start + number * width + 1, {}
        for name, length in names:
            row[name] = content[at : at + length].decode("utf-8", "replace").strip()
            at += length
        rows.append(row)
    return rows


def read_shapes(path: Path) -> list[list[np.ndarray]]:
    """Parts of every record of a shapefile of points or lines, each of shape (k, 2), in degrees."""
    content, at, shapes = path.read_bytes(), 100, []
    while at < len(content):
        words = struct.unpack_from(">i", content, at + 4)[0]
        kind = struct.unpack_from("<i", content, at + 8)[0] % 10
        if kind == 1:
            shapes.append([np.array([struct.unpack_from("<2d", content, at + 12)])])
        else:
            n_parts, n_points = struct.unpack_from("<2i", content, at + 44)
            starts = np.frombuffer(content, "<i4", n_parts, at + 52)
            points = np.frombuffer(content, "<f8", 2 * n_points, at + 52 + 4 * n_parts).reshape(-1, 2)
            shapes.append(np.split(points, starts[1:]))
        at += 8 + 2 * words
    return shapes


def read_layer(folder: Path, name: str) -> list[tuple[dict[str, str], list[np.ndarray]]]:
    """Attributes and shape of every feature of a layer."""
    stem = folder / f"{PREFIX}{name}_r1_v1"
    return list(zip(read_table(stem.with_suffix(".dbf")), read_shapes(stem.with_suffix(".shp")), strict=True))


def points_of(layer, wanted) -> np.ndarray:
    """Places of the features wanted, shape (k, 2)."""
    return np.vstack([shape[0] for row, shape in layer if wanted(row)])


def roads_of(layer) -> RoadsRead:
    """The network, railways left out."""
    lines = [
        RoadLine(f"{number}.{k}" if k else str(number), part, row)
        for number, (row, parts) in enumerate(layer)
        for k, part in enumerate(parts)
    ]
    fields = RoadFields(road_class="info", classes=CLASSES)
    return network_of_lines(lines, fields=fields, source="Copernicus EMS EMSR648, OpenStreetMap")


@dataclass(frozen=True)
class Scene:
    """All that is asked about and answered, for the table and the map.

    Attributes
    ----------
    router : Router
        Of the network without closures.
    closures : Closures
    damaged : ndarray of bool, per edge
    barriers, hospitals, places : ndarray, shape (k, 2)
        Blockages on a road, hospitals, damaged or destroyed buildings: longitude and latitude in degrees.
    blockages : list of ndarray
        The edge each barrier closes.
    near : tuple of Nearest
        Nodes of hospitals and places.
    before, after : ndarray
        Seconds from each place to its nearest hospital.
    """

    router: Router
    closures: Closures
    damaged: np.ndarray
    barriers: np.ndarray
    hospitals: np.ndarray
    places: np.ndarray
    blockages: list[np.ndarray]
    near: tuple[Nearest, Nearest]
    before: np.ndarray
    after: np.ndarray


def scene_of(roads, buildings, barriers: np.ndarray) -> Scene:
    """Build the network, place what is blocked, find the ways."""
    network = roads_of(roads).network
    line = [int(text.partition("#")[0].partition(".")[0]) for text in network.edge_id]
    damaged = np.array([roads[number][0]["damage_gra"] == "Damaged" for number in line])
    found = EdgeFinder(network).nearest(longitude=barriers[:, 0], latitude=barriers[:, 1], within_m=SNAP_M)
    placed = np.flatnonzero(found.index >= 0)
    closed = np.zeros(network.n_edges, bool)
    closed[found.index[placed]] = True
    closures = Closures(closed, np.where(damaged, DAMAGED_SLOWDOWN, 1.0), "Copernicus EMS EMSR648", False)
    hospitals = points_of(buildings, lambda row: row["info"].startswith("1264"))
    places = points_of(buildings, lambda row: row["damage_gra"] in ("Damaged", "Destroyed"))
    main_piece = network.components(directed=True) == 0
    near = tuple(
        network.nearest_node(longitude=points[:, 0], latitude=points[:, 1], among=main_piece)
        for points in (hospitals, places)
    )
    router = Router.of(network)
    before, after = (r.matrix(near[0].index, near[1].index).min(axis=0) for r in (router, router.under(closures)))
    blockages = [found.index[[i]] for i in placed]
    return Scene(
        router, closures, damaged, barriers[placed], hospitals, places, blockages, near, before, after.astype(float)
    )


def draw(path: Path, scene: Scene, clearance: Clearance) -> None:
    """Map of the city and of its centre: what is blocked, what buildings lost, the first blockages to clear."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (city, centre) = plt.subplots(2, 1, figsize=(11, 13), height_ratios=(0.42, 0.58), layout="constrained")
    around = np.vstack([scene.barriers, scene.hospitals, scene.places])
    paint(city, scene, clearance, around.min(axis=0) - 0.004, around.max(axis=0) + 0.004, first=0)
    dots = paint(centre, scene, clearance, np.array([36.910, 37.5655]), np.array([36.940, 37.5855]), first=10)
    city.set_title("Kahramanmaraş, 8 February 2023: the way to a hospital")
    centre.set_title("The centre; numbers: clear in this order")
    figure.colorbar(dots, ax=centre, shrink=0.6, label="minutes longer to the nearest hospital")
    centre.legend(loc="lower left", fontsize=8)
    credit = "Copernicus EMS EMSR648 © European Union; roads © OpenStreetMap contributors; model times"
    centre.text(0.99, 0.01, credit, fontsize=7, ha="right", transform=centre.transAxes)
    figure.savefig(path, dpi=100)


def paint(axes, scene: Scene, clearance: Clearance, low: np.ndarray, high: np.ndarray, *, first: int):
    """One map between two corners, with numbers on the `first` blockages to clear."""
    from matplotlib.collections import LineCollection

    network, closed = scene.router.network, scene.closures.closed
    shapes = [network.geometry(edge) for edge in range(network.n_edges)]
    kinds = (
        (~closed & ~scene.damaged, "#c3c3c3", 0.6, None),
        (scene.damaged & ~closed, "#e08a00", 2.5, "damaged road"),
    )
    for mask, colour, width, label in (*kinds, (closed, "#c00000", 3, "closed road")):
        chosen = [shapes[i] for i in np.flatnonzero(mask)]
        axes.add_collection(LineCollection(chosen, colors=colour, linewidths=width, label=label))
    cut = ~np.isfinite(scene.after)
    longer = (scene.after[~cut] - scene.before[~cut]) / 60
    dots = axes.scatter(*scene.places[~cut].T, c=longer, s=16, cmap="viridis_r", vmin=0, vmax=4, zorder=3)
    blocked = {"s": 14, "marker": "s", "color": "#c00000", "zorder": 4, "label": "blocked (seen on the image)"}
    axes.scatter(*scene.barriers.T, **blocked)
    lost = {"s": 60, "marker": "x", "color": "#d000d0", "zorder": 6, "label": "damaged building cut off from hospitals"}
    axes.scatter(*scene.places[cut].T, **lost)
    axes.scatter(*scene.hospitals.T, s=110, marker="P", color="#0050b3", edgecolors="white", zorder=5, label="hospital")
    for rank, blockage in enumerate(clearance.order[:first], start=1):
        place = scene.barriers[blockage]
        if (place > low).all() and (place < high).all():
            axes.annotate(str(rank), place, xytext=(5, 5), textcoords="offset points", weight="bold", zorder=7)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect=1 / np.cos(np.radians(low[1])))
    return dots


def figures_of(roads, scene: Scene, order: Clearance) -> list[Figure]:
    """What the benchmark tells."""
    network, pieces = scene.router.network, scene.router.network.summary()
    shut = scene.router.under(scene.closures)
    routes = [
        route
        for facility in np.unique(scene.near[0].index)
        for route in shut.routes(int(facility), scene.near[1].index)
    ]
    crossing = sum(bool(scene.closures.closed[route.edges].any()) for route in routes)
    was, now = np.isfinite(scene.before), np.isfinite(scene.after)
    longer = np.where(now, scene.after, np.inf) - np.where(was, scene.before, np.inf) > 120
    lines = sum(row["obj_type"].startswith("211") for row, _ in roads)
    parts = f"{pieces['components']} pieces, {pieces['edges_outside_largest']} edges outside the largest"
    edges = np.concatenate(scene.blockages)
    seen = f"{int(scene.closures.closed.sum())} edges closed, {int(scene.damaged[edges].sum())} on damaged segments"
    in_file_order = f"in the order of the file {_share_in_file_order(scene, order):.2f}"
    far = max(near.distance_m.max() for near in scene.near)
    count = len(scene.places)
    return [
        Figure("roads read", lines, "lines"),
        Figure("edges after noding", network.n_edges, peer=parts),
        Figure("blockages placed on a road within 20 m", len(edges), "of 81", 75, at_least=True, peer=seen),
        Figure("furthest hospital or building from a road", float(far), "m"),
        Figure("damaged buildings that reach a hospital before", int(was.sum()), f"of {count}"),
        Figure("... after", int(now.sum()), f"of {count}"),
        Figure("median way to a hospital before", float(np.median(scene.before[was]) / 60), "min"),
        Figure("... after, of those who still reach one", float(np.median(scene.after[now]) / 60), "min"),
        Figure("buildings more than 2 minutes further, or cut off", int((longer & was).sum()), f"of {count}"),
        Figure("routes that use a closed edge", crossing, f"of {len(routes):,}", 0),
        Figure("ways made shorter by closing roads", int((scene.after < scene.before - 1e-3).sum()), "", 0),
        Figure("blockages worth clearing", len(order.order), f"of {len(edges)}"),
        Figure("buildings that reach a hospital when cleared", order.reached[-1], "", float(was.sum()), at_least=True),
        Figure("share of the lost minutes won by the first 10", _share(order, 10), peer=in_file_order),
    ]


def main() -> None:
    given = arguments(__doc__, files={"picture": "where to draw the map (PNG)"})
    folder = given.shared / FOLDER
    roads, buildings = read_layer(folder, "transportationL"), read_layer(folder, "builtUpP")
    barriers = points_of(read_layer(folder, "ancillaryCrisisInfoP"), lambda row: row["obj_type"] == "Physical Barrier")
    with stopwatch() as watch:
        scene = scene_of(roads, buildings, barriers)
    help_and_need = {"facilities": scene.near[0].index, "places": scene.near[1].index}
    with stopwatch() as clearing:
        order = clearance_order(scene.router, scene.closures, scene.blockages, work_min=WORK_MIN, **help_and_need)
    figures = figures_of(roads, scene, order)
    figures.append(Figure("network, closures and times", watch.cpu_s, "CPU-s", 10.0))
    figures.append(Figure("order of clearing", clearing.cpu_s, "CPU-s", 10.0))
    met = report("kahramanmaras", figures, given.json)
    if not given.json:
        tell(scene, order)
    if given.picture:
        draw(given.picture, scene, order)
    sys.exit(not met)


def tell(scene: Scene, order: Clearance) -> None:
    """The first ten blockages in words."""
    network = scene.router.network
    for rank, blockage in enumerate(order.order[:10], start=1):
        edge, (longitude, latitude) = scene.blockages[blockage][0], scene.barriers[blockage]
        saved = order.burden[rank - 1] - order.burden[rank]
        back = order.reached[rank] - order.reached[rank - 1]
        where = f"{longitude:.5f} E {latitude:.5f} N, {network.name[edge]} ({network.road_class[edge]})"
        print(f"  {rank:2d}. {where}: {saved:,.0f} building-minutes, {back:.0f} buildings reconnected")


def _share(order: Clearance, first: int) -> float:
    """Share of all minutes won that the first blockages of an order win."""
    whole = order.burden[0] - order.burden[-1]
    return float((order.burden[0] - order.burden[min(first, len(order.order))]) / whole) if whole else float("nan")


def _share_in_file_order(scene: Scene, order: Clearance) -> float:
    """The same for the first ten blockages as the file lists them."""
    opened = scene.closures.reopened(np.concatenate(scene.blockages[:10]))
    seconds = scene.router.under(opened).matrix(*(near.index for near in scene.near)).min(axis=0).astype(float)
    return float((order.burden[0] - np.minimum(seconds / 60, 60.0).sum()) / (order.burden[0] - order.burden[-1]))


if __name__ == "__main__":
    main()
