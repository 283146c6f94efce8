"""The routes: each opens the store to read, asks for one thing, and closes it again.

All of it happens in the one thread that answers: SQLite ties a connection to the thread that opened it.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

import houfeng
from houfeng.errors import UnknownNameError
from houfeng.reports.messages import LANGUAGES, catalogue
from houfeng.service import boards, cards, maps, runs
from houfeng.store import StoreReader

router = APIRouter()


def folder(request: Request) -> Path:
    """Folder of the store that is served."""
    return request.app.state.store


Folder = Annotated[Path, Depends(folder)]


def answer(request: Request, value: object) -> Response:
    """Compact JSON with a tag of its content; 304 when the browser has it already."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(body, media_type="application/json", headers={"etag": tag})


@router.get("/health")
def health(request: Request, store: Folder) -> Response:
    """Whether the service stands, and over which store."""
    found = StoreReader.exists(store)
    n_runs = 0
    if found:
        with StoreReader.open(store) as opened:
            n_runs = len(opened.runs())
    state = {"folder": str(store), "exists": found, "n_runs": n_runs}
    return answer(request, {"ok": True, "houfeng": houfeng.__version__, "store": state})


@router.get("/messages")
def messages(request: Request) -> Response:
    """Every word of the page, in every language."""
    return answer(request, {"languages": LANGUAGES, "messages": catalogue()})


@router.get("/runs")
def list_runs(request: Request, store: Folder) -> Response:
    """All runs, newest first; none where there is no store yet."""
    if not StoreReader.exists(store):
        return answer(request, {"runs": []})
    with StoreReader.open(store) as opened:
        return answer(request, {"runs": runs.summaries(opened)})


@router.get("/runs/{id}")
def one_run(request: Request, store: Folder, id: int) -> Response:
    """One run: what it was told, its moments, windows and models, and the numbers of its forecasts."""
    with StoreReader.open(store) as opened:
        return answer(request, runs.detail(opened, id))


@router.get("/runs/{id}/scoreboard")
def run_scoreboard(request: Request, store: Folder, id: int) -> Response:
    """How the models of a run or experiment have done, as a table in every language."""
    with StoreReader.open(store) as opened:
        return answer(request, boards.of_run(opened, id))


@router.get("/scoreboards")
def scoreboards(request: Request, store: Folder) -> Response:
    """Runs that have a scoreboard of their own (experiments), newest first."""
    if not StoreReader.exists(store):
        return answer(request, {"scoreboards": []})
    with StoreReader.open(store) as opened:
        return answer(request, {"scoreboards": boards.experiments(opened)})


@router.get("/forecasts")
def list_forecasts(request: Request, store: Folder) -> Response:
    """All forecasts without their grids, newest first."""
    if not StoreReader.exists(store):
        return answer(request, {"forecasts": []})
    with StoreReader.open(store) as opened:
        return answer(request, {"forecasts": [runs.entry(record) for record in reversed(opened.forecasts())]})


@router.get("/forecasts/{id}")
def probability_card(request: Request, store: Folder, id: int) -> Response:
    """The probability card: for every magnitude the chance, the usual chance, the range, and who stands for it."""
    with StoreReader.open(store) as opened:
        return answer(request, cards.card(opened, id))


@router.get("/forecasts/{id}/cells")
def cells(request: Request, store: Folder, id: int, magnitude: float) -> Response:
    """Expected numbers by cell in columns, the colour scale, the outline and bounds of the region."""
    with StoreReader.open(store) as opened:
        return answer(request, maps.cells(opened, id, magnitude))


@router.get("/forecasts/{id}/cells.geojson")
def cells_geojson(request: Request, store: Folder, id: int, magnitude: float) -> Response:
    """The same as GeoJSON for other programs, with the standing and the legal notice."""
    with StoreReader.open(store) as opened:
        return answer(request, maps.cells_geojson(opened, id, magnitude))


@router.get("/forecasts/{id}/earthquakes")
def earthquakes(request: Request, store: Folder, id: int) -> Response:
    """Earthquakes known before the forecast, and those that followed it, as GeoJSON points."""
    with StoreReader.open(store) as opened:
        return answer(request, maps.earthquakes(opened, id))


@router.get("/land")
def land() -> Response:
    """The land of the Earth as GeoJSON polygons: coasts only, no borders."""
    return Response(maps.land_json(), media_type="application/json", headers={"cache-control": "max-age=86400"})


@router.get("/{path:path}")
def nothing(path: str) -> Response:
    """Whatever else is asked for."""
    known = sorted({route.path for route in router.routes} - {"/{path:path}"})
    raise UnknownNameError("route", f"/{path}", known)
