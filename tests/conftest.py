"""What tests of every room share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

#: A busy machine stretches any example; what must be fast is measured where it is promised.
settings.register_profile("houfeng", deadline=None)
settings.load_profile("houfeng")

# Side by side, test processes with a thread for every processor would wait for one another.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the data sets kept beside the project, or a skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("HOUFENG_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no shared data sets in {folder}; set HOUFENG_SHARED_DATA to their folder")
    return folder
