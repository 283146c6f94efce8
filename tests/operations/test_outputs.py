"""Files appear whole or not at all."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from houfeng.errors import SourceError
from houfeng.operations.outputs import SHOWN, folder_name, replacing, timeline_span, write_bytes, write_text


def test_a_file_is_there_only_after_the_block(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with replacing(path) as aside:
        aside.write_text("half")
        assert not path.exists() and aside.parent == path.parent
    assert path.read_text() == "half"
    assert os.listdir(path.parent) == ["file.txt"]


def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as aside:
        aside.write_text("new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    with pytest.raises(SourceError, match=r"cannot write .*file/report.html.*--out"):
        write_bytes(blocker / "report.html", b"x")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk_is_one_clear_error(tmp_path):
    with (
        pytest.raises(SourceError, match="No space left.*free some space"),
        replacing(tmp_path / "map.png"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")


def test_folders_are_named_by_time_and_sort_as_time_does():
    assert folder_name(datetime(2015, 9, 16, 22, 54, 32, 860_000, tzinfo=UTC)) == "2015-09-16T225432Z"


def test_the_timeline_goes_back_until_there_is_something_to_see(catalog):
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    start, end = timeline_span(catalog, [moment], timedelta(days=7))
    assert end == moment + timedelta(days=7)
    assert len(catalog.between(start, end)) >= SHOWN > len(catalog.between(moment - timedelta(days=30), end))
    rare = timeline_span(catalog.above(5.5), [moment], timedelta(days=7))
    assert rare[0] == moment - timedelta(days=3653)
    late = catalog.provenance.data_end
    assert timeline_span(catalog, [late], timedelta(days=7))[1] == late + timedelta(days=1)
