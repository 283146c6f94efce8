"""Model files: what was saved comes back the same; what is damaged, foreign or hostile is refused by name."""

import io
import json
import pickle
import zipfile
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from model_samples import END, card, fitted, past

from houfeng.errors import InputError, StoreError
from houfeng.learning.networks import FusionConfig, MlpConfig, build
from houfeng.store.model_cards import ModelCard, Score
from houfeng.store.model_files import differences, pack_model, read_card, read_model
from houfeng.store.packing import pack_forecast
from houfeng.store.unpickling import read_pickle
from houfeng.times import Window


@pytest.fixture(scope="module")
def content():
    return pack_model(fitted(), card())


def forecast(model):
    window = Window.after(END, timedelta(days=7))
    return pack_forecast(model.forecast(past(), window, np.random.default_rng(5))).digest


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000))
def test_what_is_loaded_forecasts_the_same_bytes(seed):
    model = fitted(seed)
    told = card()
    loaded = read_model(pack_model(model, told), where="a file")
    assert forecast(loaded.fitted) == forecast(model)
    assert loaded.card == told
    assert loaded.warnings == ()


def test_the_same_model_makes_the_same_file(content):
    assert pack_model(fitted(), card()) == content


def test_the_card_is_read_alone(content):
    assert read_card(content, where="x") == card()
    assert ModelCard.of(card().document()) == card()
    assert card().slot == "small M3.5 7d"


def test_every_byte_that_is_cut_off_is_noticed(content):
    for size in (0, 10, len(content) // 2, len(content) - 1):
        with pytest.raises(StoreError, match=r"^here\.houfeng"):
            read_model(content[:size], where="here.houfeng")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_byte_never_gives_another_model(data):
    whole = _whole()
    place = data.draw(st.integers(0, len(whole) - 1))
    broken = bytearray(whole)
    broken[place] ^= data.draw(st.integers(1, 255))
    try:
        loaded = read_model(bytes(broken), where="here.houfeng")
    except StoreError as error:
        assert "here.houfeng" in str(error)
    else:  # a byte that means nothing, such as a time stamp of the zip
        assert forecast(loaded.fitted) == forecast(fitted()) and loaded.card == card()


_KEPT = []


def _whole() -> bytes:
    if not _KEPT:
        _KEPT.append(pack_model(fitted(), card()))
    return _KEPT[0]


def rewritten(content: bytes, **parts: bytes | None) -> bytes:
    """The file with parts changed or left out, the list in model.json untouched."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            part = parts.get(name.replace(".", "_"), old.read(name))
            if part is not None:
                new.writestr(name, part)
    return stream.getvalue()


def test_foreign_files_are_told_from_ours(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(StoreError, match="here is no model file"):
        read_model(stream.getvalue(), where="here")
    with pytest.raises(StoreError, match="here is no model file"):
        read_model(b"PK not a zip at all", where="here")
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("model.json"))
    newer = json.dumps(manifest | {"schema": "houfeng-model/9"}).encode()
    with pytest.raises(StoreError, match=r"houfeng-model/9; this Houfeng reads houfeng-model/1"):
        read_model(rewritten(content, model_json=newer), where="here")
    with pytest.raises(StoreError, match=r"lacks or has beyond its list: fitted\.pickle"):
        read_model(rewritten(content, fitted_pickle=None), where="here")
    with pytest.raises(StoreError, match=r"fitted\.pickle no longer has the checksum"):
        read_model(rewritten(content, fitted_pickle=b"other"), where="here")
    short = dict(manifest["card"])
    short.pop("licence")
    with pytest.raises(InputError, match="lacks licence"):
        read_model(rewritten(content, model_json=json.dumps(manifest | {"card": short}).encode()), where="here")


class Command:
    """What an evil pickle is made of."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def refused(value, where="evil.houfeng"):
    with pytest.raises(StoreError) as caught:
        read_pickle(pickle.dumps(value), lambda number: None, where)
    return str(caught.value)


def test_a_program_in_the_pickle_is_refused_by_name_and_not_run(tmp_path):
    import os
    import subprocess

    target = tmp_path / "ran"
    for function, arguments in (
        (os.system, (f"touch {target}",)),
        (eval, (f"open({str(target)!r}, 'w')",)),
        (subprocess.Popen, (["touch", str(target)],)),
        (np.load, (str(target),)),
        (open, (str(target), "w")),
        (getattr, ("os", "system")),
    ):
        text = refused(Command(function, *arguments))
        assert text.startswith("evil.houfeng asks for ") and function.__name__ in text and "nothing was run" in text
    assert not target.exists()


def test_names_within_names_functions_of_ours_and_foreign_networks_are_refused():
    dotted = b"\x80\x04\x8c\x0fhoufeng.regions\x8c\x0cRegion.named\x93."
    with pytest.raises(StoreError, match=r"Region\.named"):
        read_pickle(dotted, lambda number: None, "evil")
    from houfeng.models.registry import create_model
    from houfeng.regions import Region

    assert "create_model" in refused(Command(create_model, "poisson"))
    assert read_pickle(pickle.dumps(Region), lambda number: None, "x") is Region

    class Pointing(pickle.Pickler):
        def persistent_id(self, value):
            return "/etc/passwd" if isinstance(value, set) else None

    stream = io.BytesIO()
    Pointing(stream).dump({1: set()})
    with pytest.raises(StoreError, match="refers to '/etc/passwd'"):
        read_pickle(stream.getvalue(), lambda number: None, "evil")


def test_a_pickle_of_something_else_is_no_model(content):
    import hashlib

    other = pickle.dumps([1, 2])
    manifest = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("model.json"))
    manifest["parts"]["fitted.pickle"] = {"sha256": hashlib.sha256(other).hexdigest(), "bytes": len(other)}
    with pytest.raises(StoreError, match="holds a list, which is no fitted model"):
        read_model(rewritten(content, fitted_pickle=other, model_json=json.dumps(manifest).encode()), where="here")


def test_networks_are_arrays_beside_their_configuration():
    from houfeng.learning.engine import predict
    from houfeng.models.learned.networks import NetworkRule, Standard

    config = FusionConfig((("features", MlpConfig(3, 8, 1, 0.1)),), width=8)
    network = build(config, 7)
    inputs = {"features": np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)}
    rule = NetworkRule(("features",), {"features": Standard(np.zeros(3), np.ones(3), np.zeros(0, int))},
                       (network, network), 0.5)  # fmt: skip
    model = replace(fitted(), rate=rule)
    content = pack_model(model, card())
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert [name for name in archive.namelist() if "network" in name] == ["network-0.json", "network-0.npz"]
    assert json.loads(archive.read("network-0.json"))["kind"] == "FusionConfig"
    with np.load(io.BytesIO(archive.read("network-0.npz")), allow_pickle=False) as weights:
        assert set(weights) == set(network.state_dict())
    members = read_model(content, where="x").fitted.rate.members
    assert members[0] is members[1] and not members[0].training
    assert np.array_equal(predict(members[0], inputs, 64), predict(network, inputs, 64))
    assert b"torch" not in archive.read("fitted.pickle")


def test_what_a_file_cannot_hold_is_said_when_it_is_written():
    with pytest.raises(InputError, match="one cannot be kept"):
        pack_model(replace(fitted(), rate=Command(print, "x")), card())
    with pytest.raises(InputError, match="one cannot be written"):
        pack_model(replace(fitted(), rate=lambda: 0), card())
    with pytest.raises(InputError, match="a/b"):
        card("a/b")


def test_other_versions_are_warnings_not_errors():
    told = card(code_version="0.0.1+abc", libraries={"numpy": "1.0.0", "python": "2.7"})
    first, *others = differences(told)
    assert "made by Houfeng 0.0.1+abc" in first and len(others) == 2
    assert "numpy 1.0.0" in others[0]
    assert read_model(pack_model(fitted(), told), where="x").warnings == (first, *others)


def test_reading_a_model_without_networks_loads_no_torch(tmp_path, content):
    import subprocess
    import sys

    (tmp_path / "a.houfeng").write_bytes(content)
    code = (
        "import sys; from houfeng.store.model_files import read_model; "
        f"read_model(open({str(tmp_path / 'a.houfeng')!r}, 'rb').read(), where='a'); "
        "assert not {'torch', 'sklearn'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_score_is_better_only_when_its_interval_is_above_zero():
    assert Score("a", "b", 0.1, 0.01, 0.2, "c", "d").better
    assert not Score("a", "b", 0.1, -0.01, 0.2, "c", "d").better
