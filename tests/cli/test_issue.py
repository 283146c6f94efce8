"""``houfeng issue``: what was forecast, and who answers for it, through the command line."""

import json
import shutil

import pytest

from houfeng.cli.main import main
from houfeng.forecasts.parquet import read_issue
from houfeng.values import legal_notice

MAKE = ("forecast", "--catalog", "chile", "--as-of", "2015-09-17T00:00:00Z", "--models", "smoothed", "--n-simulations",
        "20", "--min-magnitude", "4.5")  # fmt: skip
ENDINGS = ("txt", "json", "geojson", "parquet", "html")
ANA, CENTRE = "Dr Ana Rojas, duty seismologist", "国家地震中心"


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A store with forecasts 1 (day) and 2 (ten days), made by the command."""
    folder = tmp_path_factory.mktemp("stored")
    area = folder / "coquimbo.geojson"
    ring = [[-73, -33], [-70, -33], [-70, -29], [-73, -29], [-73, -33]]
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOUFENG_DATA_DIR", str(folder / "data"))
        assert main([*MAKE, "--region", str(area), "--horizon", "day", "--horizon", "10d"]) == 0
    return folder / "data"


@pytest.fixture
def made(houfeng, stored, workplace):
    """The command, on a copy of that store."""
    shutil.copytree(stored, workplace / "data")
    return houfeng


def document(houfeng, *arguments) -> dict:
    code, out, _ = houfeng("issue", *arguments, "--json")
    assert code == 0, out
    return json.loads(out)


def test_drafts_are_listed_with_their_chance(made):
    code, out, _ = made("issue", "list")
    assert code == 0
    lines = [line.split() for line in out.splitlines() if line.strip()[:1].isdigit()]
    assert [line[:4] for line in lines] == [[number, "draft", "smoothed", "coquimbo"] for number in ("1", "2")]
    assert lines[1][-4] == "10d" and lines[1][-3] == "M≥5" and lines[1][-1] == "%"
    told = document(made, "list")["forecasts"]
    assert [(one["number"], one["state"], one["horizon"]) for one in told] == [(1, "draft", "day"), (2, "draft", "10d")]
    assert told[0]["legal_notice"] == legal_notice("draft") and told[0]["as_of"] == "2015-09-17T00:00:00Z"
    assert all(0 < line["probability"] < 1 and line["low"] <= line["high"] for line in told[0]["counts"])


def test_the_list_is_narrowed(made):
    assert made("issue", "approve", "2", "--by", ANA)[0] == 0

    def numbers(*options):
        return [one["number"] for one in document(made, "list", *options)["forecasts"]]

    assert numbers("--state", "draft") == [1]
    assert numbers("--state", "approved", "--model", "smoothed", "--region", "coquimbo") == [2]
    assert numbers("--run", "1") == [1, 2] and numbers("--run", "7") == numbers("--model", "etas") == []
    code, _, err = made("issue", "list", "--region", "nowhere")
    assert code == 0 and "no such forecasts; make one with: houfeng forecast" in err
    code, _, err = made("issue", "list", "--state", "secret")
    assert code == 2 and "a forecast is draft, approved, published, withdrawn, not 'secret'" in err


def test_the_way_from_draft_to_withdrawal_in_both_languages(made):
    code, out, _ = made("issue", "approve", "1", "2", "--by", ANA, "--reason", "agrees with the bulletin")
    assert code == 0
    assert f"1: APPROVED by {ANA} · 已由{ANA}批准\n2: APPROVED" in out
    assert legal_notice("approved")["en"] in out and legal_notice("approved")["zh"] in out
    code, out, _ = made("issue", "publish", "1", "--by", CENTRE)
    assert code == 0 and f"1: PUBLISHED by {CENTRE} · 已由{CENTRE}发布" in out
    code, out, _ = made("issue", "withdraw", "1", "--by", CENTRE, "--reason", "superseded by 2")
    assert code == 0 and f"1: WITHDRAWN by {CENTRE} · 已由{CENTRE}撤回" in out and "do not use it" in out
    log = document(made, "show", "1")["log"]
    assert [(entry["state"], entry["authority"], entry["reason"]) for entry in log] == [
        ("draft", "", ""),
        ("approved", ANA, "agrees with the bulletin"),
        ("published", CENTRE, ""),
        ("withdrawn", CENTRE, "superseded by 2"),
    ]
    assert [entry["time"] for entry in log] == sorted(entry["time"] for entry in log)
    assert all(entry["time"].endswith("Z") for entry in log)


@pytest.mark.parametrize(
    ("state", "verbs", "english", "chinese"),
    [
        ("draft", (), "State: DRAFT, approved by nobody", "状态：草稿，未经任何机构批准"),
        ("approved", ("approve",), f"State: approved by {CENTRE}", f"状态：已由{CENTRE}批准"),
        ("published", ("approve", "publish"), f"State: published by {CENTRE}", f"状态：已由{CENTRE}发布"),
        ("withdrawn", ("withdraw",), f"State: WITHDRAWN by {CENTRE}", f"状态：已由{CENTRE}撤回"),
    ],
)
def test_what_is_shown_and_written_carries_its_standing(made, workplace, state, verbs, english, chinese):
    for verb in verbs:
        assert made("issue", verb, "2", "--by", CENTRE)[0] == 0
    code, out, _ = made("issue", "show", "2", "--out", workplace / "issued")
    assert code == 0
    names = [workplace / "issued" / f"forecast-2.{ending}" for ending in ENDINGS]
    assert out.rstrip().endswith("\n".join(map(str, names)))
    text, told, cells = names[0].read_text(), json.loads(names[1].read_text()), json.loads(names[2].read_text())
    notice = legal_notice(state)
    for page in (out, text):
        assert english in page and chinese in page and notice["en"] in page and notice["zh"] in page
        assert "M≥5" in page and "next 10d" in page
    assert (told["schema"], told["state"], told["legal_notice"]) == ("houfeng-issue/1", state, notice)
    assert (cells["properties"]["state"], cells["properties"]["legal_notice"]) == (state, notice)
    assert read_issue(names[3]).state == state
    assert names[4].read_text(encoding="utf-8").count(notice["zh"]) >= 2
    if state != "draft":
        together = text + json.dumps(told["legal_notice"]) + json.dumps(cells["properties"], ensure_ascii=False)
        together += names[4].read_text(encoding="utf-8")
        assert "DRAFT" not in together and "草稿" not in together


def test_json_of_a_show_names_its_files(made, workplace):
    told = document(made, "show", "1")
    assert told["files"] == [] and told["number"] == 1 and told["log"][0]["state"] == "draft"
    told = document(made, "show", "1", "--out", workplace / "x")
    assert [name.rsplit(".", 1)[1] for name in told["files"]] == list(ENDINGS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("approve", "1"), "Missing option '--by'"),
        (("approve", "--by", ANA), "Missing argument"),
        (("approve", "one", "--by", ANA), "should be a valid integer"),
        (("approve", "1", "--by", " "), "by a named authority; give the name"),
        (("publish", "1", "--by", ANA), "is draft and cannot become published; only what is approved can"),
        (("approve", "1", "9", "--by", ANA), "there is no forecast 9"),
        (("show", "9"), "`houfeng issue list`"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(made, arguments, message):
    code, out, err = made("issue", *arguments)
    assert code == 2 and message in err and not out
    assert [one["state"] for one in document(made, "list")["forecasts"]] == ["draft", "draft"]


def test_nothing_leads_back(made):
    assert made("issue", "withdraw", "1", "--by", ANA)[0] == 0
    for verb in ("approve", "publish", "withdraw"):
        code, _, err = made("issue", verb, "1", "--by", ANA)
        assert code == 2 and f"forecast 1 is withdrawn and cannot become {verb.rstrip('e')}" in err


def test_without_a_store_it_says_how_to_begin_and_makes_none(houfeng, workplace):
    code, out, err = houfeng("issue", "list")
    assert code == 2 and "nothing was forecast yet; begin with: houfeng forecast" in err and not out
    assert not (workplace / "data").exists()
