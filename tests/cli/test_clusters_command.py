"""``houfeng clusters``."""

import json
import sys

import pytest

from houfeng.operations import anomalies

ARGUMENTS = ("clusters", "--region", "california", "--min-magnitude", "4.5", "--as-of", "2020-01-01T00:00:00Z")


def test_the_table_the_share_and_the_files_are_told(houfeng, workplace):
    code, out, _ = houfeng(*ARGUMENTS)
    assert code == 0
    assert "California (RELM)" in out and "1992-06-28 11:57" in out and "7.3" in out
    assert "known by 2020-01-01 00:00 UTC are in one" in out and "runs/clusters-california/" in out
    folder = workplace / "runs" / "clusters-california"
    assert sorted(path.name for path in folder.iterdir()) == ["clusters.csv", "clusters.png", "neighbours.png"]


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
def test_programs_get_the_same_and_chinese_pictures_need_no_other_letters(houfeng, workplace, method):
    code, out, _ = houfeng(*ARGUMENTS, "--method", method, "--language", "zh", "--out", "here", "--json")
    told = json.loads(out)
    assert code == 0 and told["method"] == method and told["threshold_log10_eta"] is None
    assert told["files"] == ["clusters.csv", "clusters.png"] and 0 < told["clustered_share"] <= 1
    sizes = [one["size"] for one in told["largest"]]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) == min(12, told["n_clusters"])
    lines = (workplace / "here" / "clusters.csv").read_text().splitlines()
    assert len(lines) == told["n_events"] + 1
    assert (workplace / "here" / "clusters.png").stat().st_size > 20_000


def test_the_anomaly_score_says_what_it_was_trained_on(houfeng, workplace, monkeypatch):
    monkeypatch.setattr(anomalies, "MOST_MOMENTS", 80)
    code, out, _ = houfeng(*ARGUMENTS, "--min-magnitude", "4", "--anomaly", "--out", "here")
    assert code == 0 and "anomaly score: trained until 199" in out
    assert (workplace / "here" / "anomaly.png").stat().st_size > 20_000
    lines = (workplace / "here" / "anomaly.csv").read_text().splitlines()
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["1"] * 40 + ["0"] * (len(lines) - 41)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--method", "dbscan"), "nearest"),
        (("--language", "fr"), "zh"),
        (("--region", "atlantis"), "california"),
        (("--min-magnitude", "9"), "lower it"),
    ],
)
def test_mistakes_are_told_in_one_line(houfeng, workplace, more, said):
    code, _, err = houfeng(*ARGUMENTS, *more)
    assert code == 2 and said in err.splitlines()[-1]
    assert not list(workplace.rglob("*.png"))


def test_without_the_extra_the_anomaly_is_refused_before_any_work(houfeng, workplace, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    code, _, err = houfeng(*ARGUMENTS, "--anomaly")
    assert code == 2 and "pip install houfeng[learn]" in err and err.count("\n") == 1
    assert not (workplace / "runs").exists()
