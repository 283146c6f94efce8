"""Put MapLibre GL JS into ``src/houfeng/web/vendor/`` from the npm package; nothing is fetched on installing.

Run ``python scripts/build_maplibre.py`` (downloads with ``npm pack``) or ``... --package FILE.tgz``. To take
another release, change PACKAGE and SHA256, run it, and write the checksums it prints into
``src/houfeng/data/SOURCES.md``.
"""

import argparse
import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "maplibre-gl@6.17.0"
SHA256 = "587807d8d6c99349022e027fa310c16cfaa55392131f6263df080306db6809b0"
FOLDER = Path(__file__).parents[1] / "src" / "houfeng" / "web" / "vendor"

#: The module, its worker (a file of its own, so that the page needs no ``blob:`` scripts), its look, its licence.
MEMBERS = {
    "package/dist/maplibre-gl.mjs": "maplibre-gl.mjs",
    "package/dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
    "package/dist/maplibre-gl.css": "maplibre-gl.css",
    "package/LICENSE.txt": "maplibre-gl-LICENSE.txt",
}


def build(package: Path) -> None:
    """Write the files, unchanged; SystemExit when the package is not the one named above."""
    found = hashlib.sha256(package.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{package} has SHA-256 {found}, not that of {PACKAGE} ({SHA256})")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tarfile.open(package) as archive:
        for member, name in MEMBERS.items():
            content = archive.extractfile(member).read()
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
        (downloaded,) = Path(folder).glob("maplibre-gl-*.tgz")
        build(downloaded)


if __name__ == "__main__":
    main()
