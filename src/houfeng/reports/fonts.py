"""The typeface of pictures and printed pages: Noto Sans SC, Latin and Chinese, shipped with the package.

Nothing depends on the fonts of the machine, so a page looks the same, and has the same bytes, everywhere.
"""

from functools import cache
from importlib import resources
from pathlib import Path

from houfeng.errors import StoreError

#: Name of the typeface, as Typst and matplotlib know it.
FAMILY = "Noto Sans SC"

#: Files of the regular and the bold weight.
FILES = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf")


@cache
def font_files() -> tuple[Path, ...]:
    """Paths of the regular and the bold weight.

    Raises
    ------
    StoreError
        When the files are not on the disk, as in a package that is run from a zip archive.
    """
    folder = resources.files("houfeng.data").joinpath("fonts")
    paths = tuple(Path(str(folder.joinpath(name))) for name in FILES)
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise StoreError(
            f"the typeface is not installed: {', '.join(missing)} missing; install houfeng unpacked (pip install) "
            "or make the files with scripts/build_fonts.py"
        )
    return paths


@cache
def register_with_matplotlib() -> str:
    """Make the typeface known to matplotlib (once in a process); returns its name."""
    from matplotlib import font_manager

    for path in font_files():
        font_manager.fontManager.addfont(path)
    return FAMILY


@cache
def characters() -> frozenset[str]:
    """Every character the typeface can print."""
    from matplotlib.ft2font import FT2Font

    return frozenset(chr(point) for point in FT2Font(str(font_files()[0])).get_charmap())
