"""A folder, such as that of a web server: CAP files, cards for people, and an Atom feed in each language."""

import os
from dataclasses import dataclass
from pathlib import Path

from houfeng.alerts.alert import Alert
from houfeng.alerts.atom import feed, file_name
from houfeng.alerts.cap import read_cap
from houfeng.alerts.card import to_html, to_text
from houfeng.alerts.channels.base import Receipt, Released, receipt
from houfeng.errors import InputError, SourceError


@dataclass(frozen=True, slots=True)
class FolderChannel:
    """Writes ``IDENTIFIER.xml``, ``.txt``, ``.html`` and ``alerts.LANGUAGE.atom``.

    Attributes
    ----------
    folder
        Made when first written.
    base_url
        Under which the folder is published, for the links of the feed; relative without.
    """

    name: str
    folder: Path
    drills: bool = False
    base_url: str = ""

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.folder)

    def send(self, released: Released) -> Receipt:
        """Write the files, each whole or not at all, the feed last.

        Raises
        ------
        SourceError
            When the folder cannot be made or written.
        """
        alert = released.alert
        path = self.folder / file_name(alert)
        _write(path, released.cap)
        _write(path.with_suffix(".txt"), to_text(alert).encode())
        _write(path.with_suffix(".html"), to_html(alert).encode())
        alerts, unreadable = self._published()
        domain = alert.sender.split("@")[-1]
        for language in alert.languages:
            content = feed(
                alerts,
                feed_id=f"tag:{domain},2026:alerts:{language}",
                language=language,
                updated=alert.sent,
                base_url=self.base_url,
            )
            _write(self.folder / f"alerts.{language}.atom", content)
        left = f"; {len(unreadable)} other files could not be read for the feed: {unreadable[0]}" if unreadable else ""
        return receipt(self, f"{path}{left}")

    def _published(self) -> tuple[list[Alert], list[str]]:
        """Messages of the folder, and what is wrong with files that are none."""
        found, unreadable = [], []
        for path in sorted(self.folder.glob("*.xml")):
            try:
                found.append(read_cap(path.read_bytes(), path.name))
            except (InputError, OSError) as error:
                unreadable.append(f"{path.name}: {error}")
        return found, unreadable


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(
            f"cannot write {path}: {error.strerror or error}; check the rights and the free space"
        ) from error
