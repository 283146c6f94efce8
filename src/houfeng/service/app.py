"""The service: JSON under ``/api/``, the page and its files everywhere else."""

import mimetypes
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

import houfeng
from houfeng.errors import HoufengError, StoreError, UnknownNameError
from houfeng.service.guard import Guard
from houfeng.service.routes import router

#: Browsers run a module only under the right type; a system's own table may have another, or none.
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".html": "text/html"}


def create_app(store: str | Path) -> FastAPI:
    """The application over the store in folder `store`, which may not exist yet.

    It has no documentation pages: those of FastAPI load their scripts from elsewhere. The description of the
    routes is at ``/api/openapi.json``.
    """
    for ending, kind in _TYPES.items():
        mimetypes.add_type(kind, ending)
    app = FastAPI(
        title="Houfeng", version=houfeng.__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.store = Path(store).absolute()
    app.include_router(router, prefix="/api")
    app.mount("/", StaticFiles(directory=str(resources.files("houfeng") / "web"), html=True))
    app.add_middleware(Guard)
    app.add_exception_handler(HoufengError, _our_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    return app


def error_answer(status: int, kind: str, message: str) -> JSONResponse:
    """An error as the command line prints it with ``--json``."""
    return JSONResponse({"error": {"type": kind, "message": message}}, status_code=status)


async def _our_error(_request: Request, error: HoufengError) -> JSONResponse:
    statuses = {UnknownNameError: 404, StoreError: 503}
    status = next((number for kind, number in statuses.items() if isinstance(error, kind)), 422)
    return error_answer(status, type(error).__name__, " ".join(str(error).split()))


async def _http_error(request: Request, error: HTTPException) -> JSONResponse:
    path = request.url.path
    messages = {
        404: f"there is nothing at {path}; the page is at /, its data under /api/",
        405: f"{path} is only read: use GET",
    }
    return error_answer(error.status_code, "HTTPError", messages.get(error.status_code, str(error.detail)))


async def _bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return error_answer(422, "InputError", f"{where} is {first.get('input')!r}: {first['msg'].lower()}")
