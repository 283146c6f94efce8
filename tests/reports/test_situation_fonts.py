"""The typeface holds every character we print."""

import string

import pytest

from houfeng.errors import StoreError
from houfeng.reports import fonts
from houfeng.reports.messages import catalogue
from houfeng.reports.situation_numbers import situation_words
from houfeng.values import STATES, legal_notice

#: Signs of the HTML pages alone, which use the fonts of the browser.
BROWSER_ONLY = set("✓✗")


@pytest.mark.parametrize("table", [catalogue, situation_words])
def test_every_character_of_our_messages_is_there(table):
    used = {c for texts in table().values() for text in texts.values() for c in text}
    assert not used - BROWSER_ONLY - fonts.characters()


def test_notices_numbers_and_the_template_too():
    from importlib import resources

    used = {c for state in STATES for text in legal_notice(state).values() for c in text}
    used |= set(string.printable) - set(string.whitespace) | set(" ×−–—…≥≤°²³±·•～（）：；，。、？！“”《》万亿∞áéíñóúÑ")
    used |= set(resources.files("houfeng.reports").joinpath("templates/situation.typ.j2").read_text(encoding="utf-8"))
    assert not used - fonts.characters() - {"\n"}


def test_chinese_of_everyday_use_is_there():
    """GB 2312: level 1 whole (3,755 characters), level 2 but for 33."""
    cells = [(a, b) for a in range(0xB0, 0xD8) for b in range(0xA1, 0xFF) if (a, b) <= (0xD7, 0xF9)]
    level_1 = {bytes(cell).decode("gb2312") for cell in cells}
    assert len(level_1) == 3755
    level_2 = {bytes([a, b]).decode("gb2312") for a in range(0xD8, 0xF8) for b in range(0xA1, 0xFF)}
    assert len(level_1 - fonts.characters()) == 0
    assert len(level_2 - fonts.characters()) <= 33


def test_both_weights_are_files_of_at_most_four_megabytes_with_their_licence():
    regular, bold = fonts.font_files()
    for path in (regular, bold):
        assert path.read_bytes()[:4] == b"\x00\x01\x00\x00" and path.stat().st_size < 4e6
    assert "SIL Open Font License" in (regular.parent / "NotoSansSC-LICENSE.txt").read_text(encoding="utf-8")


def test_matplotlib_finds_both_weights():
    from matplotlib.font_manager import findfont

    family = fonts.register_with_matplotlib()
    found = [findfont(f"{family}:weight={weight}", fallback_to_default=False) for weight in (400, 700)]
    assert found == [str(path) for path in fonts.font_files()]


def test_a_missing_typeface_is_said(monkeypatch):
    monkeypatch.setattr(fonts, "FILES", ("Nowhere.ttf",))
    fonts.font_files.cache_clear()
    try:
        with pytest.raises(StoreError, match=r"Nowhere\.ttf missing"):
            fonts.font_files()
    finally:
        fonts.font_files.cache_clear()
