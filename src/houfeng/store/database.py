"""One SQLite file: opened with care, written one whole transaction at a time."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from houfeng.errors import HoufengError, StoreError
from houfeng.store.migrations import MIGRATIONS, Migration, migrate

#: Marks an SQLite file as ours ("HouF"), so that nobody else's is ever written to.
APPLICATION_ID = 0x486F7546

_ADVICE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again",
    sqlite3.SQLITE_IOERR: "the disk refused a read or a write; check it and its free space",
    sqlite3.SQLITE_BUSY: "another process kept it locked for too long; try again, or stop that process",
    sqlite3.SQLITE_READONLY: "this user may not write there; change the rights or choose another folder",
    sqlite3.SQLITE_CANTOPEN: "this user may not create it; change the rights or choose another folder",
    sqlite3.SQLITE_PERM: "this user may not open it; change the rights or choose another folder",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; put a copy back",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database; choose another folder",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the operating system say of `path` into a :class:`StoreError`."""
    try:
        yield
    except sqlite3.Error as error:
        # The lowest byte is the primary code; errors of the Python module itself carry none.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        advice = _ADVICE.get(code, "nothing was written")
        raise StoreError(f"the store {path} refused ({error}): {advice}. Nothing committed is lost") from error
    except HoufengError:
        raise
    except (OverflowError, UnicodeEncodeError) as error:
        raise StoreError(f"the store {path} cannot hold this value: {error}") from error
    except OSError as error:
        raise StoreError(
            f"cannot use {error.filename or path}: {error.strerror or error}. Check the rights and the free "
            "space; nothing committed is lost"
        ) from error


class Database:
    """A connection to one database file, of one thread.

    WAL journal, ``synchronous=FULL`` (a commit that returned survives a crash of the process, and of the
    machine where the disk tells the truth about its flushes), foreign keys on. The file must lie on a local
    disk: network file systems do not keep the locks that WAL needs.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    @classmethod
    def open(
        cls, path: Path, *, busy_timeout_s: float = 30.0, migrations: Sequence[Migration] = MIGRATIONS
    ) -> "Database":
        """Open or create the file and bring its schema up to date.

        Parameters
        ----------
        path
            The file; its folder must exist.
        busy_timeout_s
            How long to wait for another process's write, in seconds.
        migrations
            The schema, as steps; another one only in tests.

        Raises
        ------
        StoreError
            When the file is not SQLite, not ours, newer than this Houfeng, or cannot be written.
        """
        with storage_errors(path):
            connection = sqlite3.connect(path, isolation_level=None, timeout=busy_timeout_s)
            try:
                connection.row_factory = sqlite3.Row
                _refuse_foreign(connection, path, newest=migrations[-1].version)
                _use_wal(connection, busy_timeout_s)
                for pragma in (
                    "synchronous=FULL",
                    "fullfsync=ON",
                    "foreign_keys=ON",
                    "recursive_triggers=ON",
                ):
                    connection.execute(f"PRAGMA {pragma}")
                migrate(connection, migrations, application_id=APPLICATION_ID)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    @classmethod
    def open_to_read(
        cls, path: Path, *, busy_timeout_s: float = 30.0, newest: int = MIGRATIONS[-1].version
    ) -> "Database":
        """Open a file that exists, without changing it; other processes go on writing meanwhile.

        Parameters
        ----------
        path
            The file.
        busy_timeout_s
            How long to wait where SQLite has to, in seconds.
        newest
            The schema it must have; another one only in tests.

        Raises
        ------
        StoreError
            When there is no such file, it is not ours, or its schema is not that of this Houfeng.
        """
        with storage_errors(path):
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None,
                                         timeout=busy_timeout_s)  # fmt: skip
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA query_only=ON")
                _refuse_foreign(connection, path, newest=newest)
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if version < newest:
                    raise StoreError(
                        f"{path} has the older schema {version} (now {newest}); bring it up to date with "
                        f"HOUFENG_DATA_DIR={path.parent} houfeng doctor"
                    )
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is committed when the block ends, none of it when the block raises."""
        with storage_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, sql: str, parameters: Sequence[object] = ()) -> list[sqlite3.Row]:
        """All rows of one query."""
        with storage_errors(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Close the connection; harmless when it is closed already."""
        with storage_errors(self.path):
            self._connection.close()


def _refuse_foreign(connection: sqlite3.Connection, path: Path, *, newest: int) -> None:
    """Look before touching: the file must be empty or ours, and not newer than we are."""
    connection.execute("BEGIN")  # the three reads see one moment
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    connection.execute("COMMIT")
    if owner != APPLICATION_ID and (owner or tables):
        raise StoreError(f"{path} is a database of another program; choose another folder for the store")
    if version > newest:
        raise StoreError(
            f"{path} has schema {version}, this Houfeng knows up to {newest}: a newer Houfeng wrote it; "
            "upgrade (pip install --upgrade houfeng) or choose another folder"
        )


def _use_wal(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Switch to WAL; SQLite does not wait for its lock here when two processes create a file, so we do."""
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            if mode != "wal":
                raise StoreError(f"SQLite offers only '{mode}' journals there, not WAL; put the store on a local disk")
            return
