"""Make ``src/houfeng/data/fonts/*.ttf`` from the npm package @fontsource/noto-sans-sc 5.3.0 (SIL Open Font License).

Run ``python scripts/build_fonts.py`` (downloads with ``npm pack``) or ``... --package FILE.tgz``; needs ``fonttools``
and ``brotli``, which Houfeng itself does not. The package holds the typeface in about a hundred slices by character;
here the slices of a weight are joined into one file of the characters of GB 2312 (6,763 Chinese characters and its
signs), the Latin alphabet with accents, and signs for numbers. Outlines and widths are unchanged; kerning is left out.
To take another release, change PACKAGE and SHA256, run it, and write the checksums it prints into
``src/houfeng/data/SOURCES.md``.
"""

import argparse
import hashlib
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont

PACKAGE = "@fontsource/noto-sans-sc@5.3.0"
SHA256 = "05a7abac78a6cac4bd1361e7b24c680ee820fcc2f22cf5cc92673f4cd12771c5"
FOLDER = Path(__file__).parents[1] / "src" / "houfeng" / "data" / "fonts"
FAMILY = "Noto Sans SC"
NAMES = {400: "Regular", 700: "Bold"}

#: Bits of the field fsSelection.
REGULAR, BOLD = 0x40, 0x20

#: Beside GB 2312: Latin with accents, punctuation, superscripts, currencies, arrows, signs of mathematics.
RANGES = ((0x20, 0x7F), (0xA0, 0x180), (0x2010, 0x2060), (0x2070, 0x20C0), (0x2190, 0x21A0), (0x2200, 0x2270))

#: Seconds from 1904 to 2026-01-07, the day of this release of the typeface: equal bytes whenever it is made.
STAMP = 3_850_588_800


def wanted() -> set[int]:
    """Code points to keep, where the typeface has them."""
    found = {point for low, high in RANGES for point in range(low, high)}
    for first in range(0xA1, 0xF8):
        for second in range(0xA1, 0xFF):
            try:
                found.add(ord(bytes([first, second]).decode("gb2312")))
            except UnicodeDecodeError:
                continue  # an empty place in the table
    return found


def slices(archive: tarfile.TarFile, weight: int) -> list[TTFont]:
    """Every slice of a weight, in order of their names."""
    members = [m for m in archive.getmembers() if m.name.endswith(f"-{weight}-normal.woff2")]
    return [
        TTFont(io.BytesIO(archive.extractfile(member).read()))
        for member in sorted(members, key=lambda member: member.name)
    ]


def join(parts: list[TTFont], weight: int, name: str) -> bytes:
    """One TrueType file of the wanted characters."""
    first, keep = parts[0], wanted()
    found = {}
    for part in parts:
        for point, glyph in part.getBestCmap().items():
            if point in keep:
                found.setdefault(point, (part, glyph))
    cmap = {point: f"u{point:04X}" for point in sorted(found)}
    origin = {".notdef": (first, ".notdef")} | {cmap[point]: found[point] for point in cmap}
    if any(part["glyf"][glyph].isComposite() for part, glyph in origin.values()):
        raise SystemExit("a glyph is composed of others: draw its parts out before joining")
    builder = FontBuilder(first["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(list(origin))
    builder.setupCharacterMap(cmap)
    builder.setupGlyf({title: part["glyf"][glyph] for title, (part, glyph) in origin.items()})
    builder.setupHorizontalMetrics({title: part["hmtx"][glyph] for title, (part, glyph) in origin.items()})
    builder.setupHorizontalHeader(ascent=first["hhea"].ascent, descent=first["hhea"].descent)
    _label(builder, first, weight, name)
    builder.font.recalcTimestamp = False
    stream = io.BytesIO()
    builder.save(stream)
    return stream.getvalue()


def _label(builder: FontBuilder, first: TTFont, weight: int, name: str) -> None:
    """Names, licence and measures of the line, from the first slice."""
    given = first["name"]
    builder.setupNameTable(
        {
            "copyright": given.getDebugName(0),
            "familyName": FAMILY,
            "styleName": name,
            "uniqueFontIdentifier": f"{FAMILY} {name}, joined for Houfeng",
            "fullName": f"{FAMILY} {name}",
            "version": given.getDebugName(5),
            "psName": f"NotoSansSC-{name}",
            "licenseDescription": "SIL Open Font License, Version 1.1",
            "licenseInfoURL": given.getDebugName(14),
        },
        mac=False,
    )
    measures = ("sTypoAscender", "sTypoDescender", "sTypoLineGap", "usWinAscent", "usWinDescent", "sxHeight")
    builder.setupOS2(
        version=4,
        usWeightClass=weight,
        fsSelection=BOLD if weight == 700 else REGULAR,
        sCapHeight=first["OS/2"].sCapHeight,
        **{measure: getattr(first["OS/2"], measure) for measure in measures},
    )
    builder.setupPost(keepGlyphNames=False)
    builder.updateHead(created=STAMP, modified=STAMP, macStyle=int(weight == 700))


def build(package: Path) -> None:
    """Write the files; SystemExit when the package is not the one named above."""
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{package} has SHA-256 {found}, not that of {PACKAGE} ({SHA256})")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tarfile.open(package) as archive:
        files = {
            f"NotoSansSC-{name}.ttf": join(slices(archive, weight), weight, name) for weight, name in NAMES.items()
        }
        files["NotoSansSC-LICENSE.txt"] = archive.extractfile("package/LICENSE").read()
    for name, content in files.items():
        (FOLDER / name).write_bytes(content)
        print(f"| `{name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |")


def main() -> None:
    """Build from ``--package``, or from a fresh download."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help=f"the file of {PACKAGE}, already downloaded")
    package = parser.parse_args().package
    if package is not None:
        build(package)
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE, "--pack-destination", folder], check=True)
        (downloaded,) = Path(folder).glob("fontsource-noto-sans-sc-*.tgz")
        build(downloaded)


if __name__ == "__main__":
    main()
