"""One earthquake: what it refuses and what it is called."""

from datetime import UTC, datetime

import pytest

from houfeng.earthquake import Earthquake
from houfeng.errors import InputError, TimeError, UnknownNameError

ILLAPEL = dict(
    event_id="us20003k7a",
    time=datetime(2015, 9, 16, 22, 54, 32, tzinfo=UTC),
    longitude=-71.67,
    latitude=-31.57,
    depth_km=22.4,
    magnitude=8.3,
    regime="interface",
    names={"en": "Illapel", "zh": "伊亚佩尔"},
)


def test_it_keeps_what_it_is_given():
    quake = Earthquake(**ILLAPEL)
    assert (quake.magnitude, quake.regime, quake.status) == (8.3, "interface", "actual")
    assert quake.name("zh") == "伊亚佩尔"
    assert quake.name("es") == "us20003k7a"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"time": datetime(2015, 9, 16)}, TimeError, "origin time"),
        ({"longitude": 288.3}, InputError, "longitude 288.3 of earthquake 'us20003k7a'"),
        ({"latitude": float("nan")}, InputError, "latitude"),
        ({"depth_km": 22400.0}, InputError, "km, positive down"),
        ({"magnitude": 83.0}, InputError, "magnitude 83.0"),
        ({"regime": "subduction"}, UnknownNameError, "interface"),
        ({"status": "test"}, UnknownNameError, "exercise"),
    ],
)
def test_it_refuses_what_cannot_be(change, error, says):
    with pytest.raises(error, match=says):
        Earthquake(**(ILLAPEL | change))
