"""The files of the page: all there, all ours or accounted for, nothing from elsewhere."""

import hashlib
import importlib.util
import re
import struct
import tomllib
from pathlib import Path

import pytest

import houfeng
from houfeng.reports.messages import catalogue

WEB = Path(houfeng.__file__).parent / "web"
ROOT = Path(__file__).parents[2]
SOURCES = (WEB.parent / "data" / "SOURCES.md").read_text(encoding="utf-8")
OWN = sorted(path for path in WEB.iterdir() if path.is_file())
SCRIPTS = [path for path in OWN if path.suffix == ".js"]
VENDORED = sorted((WEB / "vendor").iterdir())


def builder():
    spec = importlib.util.spec_from_file_location("build_maplibre", ROOT / "scripts" / "build_maplibre.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", VENDORED, ids=lambda path: path.name)
def test_every_vendored_file_is_the_one_accounted_for(path):
    content = path.read_bytes()
    row = f"| `{path.name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |"
    assert row in SOURCES


def test_the_script_names_the_release_the_package_and_every_file():
    script = builder()
    name, version = script.PACKAGE.split("@")
    assert f"npm package `{name}` {version} (sha256 `{script.SHA256}`)" in SOURCES
    assert sorted(script.MEMBERS.values()) == [path.name for path in VENDORED]
    assert f"MapLibre GL JS v{version}" in (WEB / "vendor" / "maplibre-gl.mjs").read_text()[:2000] or version in (
        WEB / "vendor" / "maplibre-gl.mjs"
    ).read_text(encoding="utf-8")


def test_the_script_refuses_another_package(tmp_path):
    (tmp_path / "other.tgz").write_bytes(b"something else")
    with pytest.raises(SystemExit, match="has SHA-256"):
        builder().build(tmp_path / "other.tgz")


def test_the_licence_is_beside_the_code():
    text = (WEB / "vendor" / "maplibre-gl-LICENSE.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2023, MapLibre contributors" in text and "Redistributions in binary form" in text


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_files_name_no_other_host(path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text, re.IGNORECASE)
    assert not re.search(r"@import|url\(", text) or path.suffix == ".js"


def test_the_page_has_no_inline_script_and_no_inline_style():
    text = (WEB / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script[^>]*>(.*?)</script>", text, re.S) == [""]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)


def test_what_the_page_loads_is_there():
    text = (WEB / "index.html").read_text(encoding="utf-8")
    for name in re.findall(r'(?:href|src)="([^"#]+)"', text):
        assert (WEB / name).is_file(), name
    for script in SCRIPTS:
        for name in re.findall(r'(?:from|import)\s*\(?"(\./[^"]+)"', script.read_text(encoding="utf-8")):
            assert (WEB / name).is_file(), f"{script.name} imports {name}"


def test_text_from_the_store_is_never_read_as_html():
    for script in SCRIPTS:
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|setHTML\(|document\.write|\beval\(", text)


def test_every_word_of_the_page_is_in_the_catalogue():
    page = (WEB / "index.html").read_text(encoding="utf-8")
    asked = set(re.findall(r'data-t="(\w+)"', page))
    for script in SCRIPTS:
        asked |= set(re.findall(r'\bt\("(\w+)"', script.read_text(encoding="utf-8")))
    assert len(asked) > 30 and asked <= set(catalogue())


def test_no_script_writes_words_itself():
    for script in SCRIPTS:
        text = re.sub(r"//.*|/\*.*?\*/", "", script.read_text(encoding="utf-8"))
        assert not re.search(r"[一-鿿]", text), f"{script.name} has Chinese of its own"


def test_the_look_has_no_word_today_and_speaks_of_no_prediction():
    for path in OWN:
        text = path.read_text(encoding="utf-8").lower()
        assert "today" not in text and "predict" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_small_enough_to_read(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400 and max(map(len, lines)) <= 160


def test_what_ships_stays_small():
    assert sum(path.stat().st_size for path in WEB.rglob("*") if path.is_file()) < 2_000_000


def test_extras_name_what_the_service_needs():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in extras["service"]}
    assert names == {"fastapi", "uvicorn"} and set(extras["service"]) <= set(extras["test"])


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "pictures").glob("serve*.png")), ids=lambda path: path.name)
def test_pictures_of_the_page_are_small(path):
    content = path.read_bytes()
    width, _ = struct.unpack(">II", content[16:24])
    assert len(content) < 200_000 and width >= 390


def test_the_page_on_serving_names_every_route_and_no_other():
    from houfeng.service.routes import router

    text = (ROOT / "docs" / "how-to" / "serve.md").read_text(encoding="utf-8")
    written = {path.split("?")[0] for path in re.findall(r"^\| `(/api/[^`]+)`", text, re.M)}
    there = {f"/api{route.path}" for route in router.routes} - {"/api/{path:path}"}
    assert written == there | {"/api/openapi.json"}
    for name in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / "docs" / "how-to" / name).resolve().exists(), name
