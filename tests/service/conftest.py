import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from houfeng.service.app import create_app
from houfeng.store import StoreReader

sys.path.insert(0, str(Path(__file__).parent))  # service_samples, also used by the browser tests


class Client:
    """Ask the application without a socket, as a browser on this computer would."""

    def __init__(self, store: Path) -> None:
        self.app = create_app(store)

    def request(self, method: str, path: str, **more) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def get(self, path: str, **more) -> httpx.Response:
        return self.request("GET", path, **more)

    def json(self, path: str) -> dict:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def store_folder() -> Path:
    """A store with a run of every kind; only to be read."""
    from service_samples import shared_store

    return shared_store()


@pytest.fixture
def reader(store_folder):
    with StoreReader.open(store_folder) as opened:
        yield opened


@pytest.fixture(scope="session")
def client(store_folder) -> Client:
    return Client(store_folder)


@pytest.fixture
def client_of():
    """Make a client for another store."""
    return Client
