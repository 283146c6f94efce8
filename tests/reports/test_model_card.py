"""The card of a model: what it says of columns and figures is said in Chinese on the Chinese side."""

import re

import pytest

from houfeng.features.faults import FaultLayer
from houfeng.features.maps import PixelCounts
from houfeng.features.prior import PriorResidual
from houfeng.features.seismicity import standard_features
from houfeng.geodesy.columns import COLUMNS
from houfeng.reports.model_card import card_markdown, card_page
from houfeng.reports.notes import note_in_both

HAN = re.compile(r"[\u4e00-\u9fff]")


def document(**changes):
    """A card with one figure and two columns."""
    score = {"measure": "occurrence log score", "against": "champion", "value": 0.02, "low": 0.01, "high": 0.03,
             "unit": "nats per active cell",
             "judged_on": "held out 2015-01-01 to 2020-01-01, 120 active cells"}  # fmt: skip
    columns = [{"name": name, "meaning": meaning, "unit": "ln(1 + number)", "source": "catalogue", "mean": 0.5,
                "spread": 2.0} for name, meaning in (("a", "maps of seismicity around the cell"),
                                                     ("own", "my <own> | column"))]  # fmt: skip
    card = {"simulated": False, "model": "logistic", "reference": "X (2020)", "min_magnitude": 3.0,
            "horizon_days": 7.0, "target_magnitude": 4.0, "parameters": {"m": 3.0}, "libraries": {"numpy": "2"},
            "seed": 1, "code_version": "0.1", "made": "2020-01-01T00:00:00", "licence": "CC0", "scores": [score],
            "columns": columns, "trained_from": "2000-01-01T00:00:00", "trained_to": "2020-01-01T00:00:00",
            "learned_from": {"rows": 10, "active": 2},
            "region": {"properties": {"name": "california", "cell_deg": 0.1}},
            "catalog": {"n_events": 5, "source": "USGS", "licence": "PD", "digest": "0" * 64, "label": ""}}  # fmt: skip
    return {"name": "one", "state": "challenger", "reason": "trained as of 2020-01-01T00:00:00+00:00",
            "sha256": "f" * 64, "card": card | changes}  # fmt: skip


def test_figures_columns_and_reasons_are_said_in_chinese():
    said = card_markdown(document(), "zh")
    for english in ("occurrence log score", "nats per", "held out", "maps of seismicity", "ln(1 + number)",
                    "catalogue", "trained as of"):  # fmt: skip
        assert english not in said and english in card_markdown(document(), "en")
    assert "留出时段 2015-01-01 至 2020-01-01，有地震的网格 120 个" in said


def test_words_of_the_users_own_stay_as_they_are_and_cannot_break_the_page():
    assert "my <own> \\| column" in card_markdown(document(), "zh")
    page = card_page(document())
    assert page.count("my &lt;own&gt; | column") == 2 and "<own>" not in page


def test_simulated_is_said_in_both():
    assert all("SIMULATED" in card_markdown(document(simulated=True), one) for one in ("en", "zh"))
    assert card_page(document(simulated=True)).count('class="simulated"') == 2


def columns():
    """Every column Houfeng can make, with its meaning."""
    layers = [feature.lineage for feature in standard_features(4.0)]
    layers += [
        PixelCounts((3.0, 4.0), windows_days=(1.0, 30.0)).lineage,
        FaultLayer([], "faults of a survey", "CC0", kinds=("thrust",)).lineage,
        PriorResidual("residual", lambda *_: None, 30.0, 4.0).lineage,
    ]
    return {name: entry.meaning for lineage in layers for name, entry in lineage.items()} | COLUMNS


@pytest.mark.parametrize("name, meaning", columns().items())
def test_every_column_of_every_layer_has_a_meaning_in_chinese(name, meaning):
    said = note_in_both(meaning)
    assert said["en"] == meaning and HAN.search(said["zh"]), name
    assert not re.search(r"\b(days?|record|earthquakes|the)\b", said["zh"]), said["zh"]
    for number in re.findall(r"\d+", meaning):
        assert number in said["zh"] or number == "0", said["zh"]
