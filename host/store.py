"""The programmer's own memory: a SQLite file of the user, with the orders whose outcome this computer does not know.

An order is written down before it is sent and struck out when its outcome is known. So a program that is killed leaves
what the next one needs to ask the pump: which order, for which pump, and its payload byte for byte.

It is `releve/store.sqlite` in the user's folder of data, or what --store or RELEVE_STORE names. A file that cannot be
used is an error before anything is sent. A damaged one is moved aside and kept; one of another program or of a newer
version is left alone.

Implements: LINK-2, HOST-5
"""

from __future__ import annotations

import os
import time
from binascii import crc32
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from host.configuration import data_folder
from host.errors import HostError
from host.text import Text

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")
APPLICATION = 0x52656C76  # "Relv", in the file's header
_WAIT_S = 2.0  # for another program that is writing
_AGAIN_S = 0.01
# The steps from one version of the file to the next; a step once released is never changed.
_MIGRATIONS = (
    """
    CREATE TABLE pending (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        pump TEXT NOT NULL,
        written_utc_s INTEGER NOT NULL,
        message TEXT NOT NULL,
        message_id INTEGER NOT NULL,
        command_id INTEGER NOT NULL,
        life INTEGER NOT NULL,
        expires_us TEXT NOT NULL,
        payload BLOB NOT NULL,
        crc INTEGER NOT NULL
    )
    """,
)
VERSION = len(_MIGRATIONS)
_UNUSABLE = "the store {} cannot be used ({}); no order was sent"
_STAYS = "the store {} is damaged ({}) and cannot be moved aside ({}); no order was sent"
_KEPT = (
    "the store {} is damaged ({}); it is kept as {}, and a new one begins. An order in it may not have been settled:"
    " look at the pump's status and log before the next. No order was sent"
)
_NAMES = "pump, written_utc_s, message, message_id, command_id, life, expires_us, payload"


def _in_use(error: Exception) -> bool:
    """Does SQLite say that another program is writing?"""
    return "locked" in str(error) or "busy" in str(error)


def _keep_a_journal(store: sqlite3.Connection) -> None:
    """Have a new file keep a write-ahead journal. SQLite refuses at once, and does not wait, if two programs ask for it
    at the same time; so it is asked again, as long as another that writes is waited for.
    """
    import sqlite3

    end_s = time.monotonic() + _WAIT_S
    while True:
        try:
            store.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _in_use(error) or time.monotonic() > end_s:
                raise
        time.sleep(_AGAIN_S)


class StoreError(HostError):
    """The store cannot be used, so no order can be written down; nothing was sent."""


@dataclass(frozen=True)
class Pending:
    """An order that was written down: `pump` is its device's id or its port, `written_utc_s` this computer's clock."""

    number: int
    pump: str
    written_utc_s: int
    message: str
    message_id: int
    payload: bytes


def place() -> Path:
    """Return where the store is, whether it exists or not."""
    named = os.environ.get("RELEVE_STORE")
    return Path(named) if named else data_folder() / "store.sqlite"


class Store:
    """The store at `path`, opened when it is needed; it may be used by several programs at once."""

    def __init__(self, path: Path, now_utc_s: Callable[[], float] = time.time) -> None:
        self.path = path
        self._now_utc_s = now_utc_s
        self._connection: sqlite3.Connection | None = None

    def pending(self) -> list[Pending]:
        """Return the orders whose outcome is not known, to whatever pump, oldest first. Raises StoreError."""
        try:
            if self._connection is None and not self.path.exists():
                return []  # and most commands need not load SQLite
        except OSError as error:  # a name that no file can have
            raise StoreError(Text(_UNUSABLE, self.path, error.strerror)) from error
        text = f"SELECT number, {_NAMES}, crc FROM pending ORDER BY number"  # noqa: S608 - of constants
        return self._do(lambda store: [_order(row) for row in store.execute(text)])

    def write_down(
        self, pump: str, message: str, message_id: int, command_id: int, life: int, expires_us: int, payload: bytes
    ) -> int:
        """Write an order down, so that it outlives a power cut of this computer; its number. Raises StoreError."""
        values = (pump, round(self._now_utc_s()), message, message_id, command_id, life, str(expires_us), payload)
        text = f"INSERT INTO pending ({_NAMES}, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - as above
        return int(self._do(lambda store: store.execute(text, (*values, _crc(values))).lastrowid or 0))

    def strike_out(self, number: int) -> None:
        """The outcome of this order is known. Raises StoreError."""
        self._do(lambda store: store.execute("DELETE FROM pending WHERE number = ?", (number,)))

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Do `action` in a transaction of its own."""
        with self._explained():
            if self._connection is None:
                self._connection = self._opened()
            with self._connection:
                return action(self._connection)

    def _opened(self) -> sqlite3.Connection:
        import sqlite3  # what asks a pump and orders nothing does not need it

        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        if new:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self.path, timeout=_WAIT_S)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, store: sqlite3.Connection) -> None:
        """Check that the file is a store, and bring it to this program's version."""
        if store.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damaged()
        if self._version(store) == VERSION:
            store.execute("PRAGMA synchronous = FULL")
            return
        _keep_a_journal(store)
        store.execute("PRAGMA synchronous = FULL")
        store.isolation_level = None
        store.execute("BEGIN IMMEDIATE")  # another program may be at it too; closed without COMMIT, nothing has changed
        for step in _MIGRATIONS[self._version(store) :]:
            for statement in step.split(";"):
                store.execute(statement)
        store.execute(f"PRAGMA application_id = {APPLICATION}")
        store.execute(f"PRAGMA user_version = {VERSION}")
        store.execute("COMMIT")
        store.isolation_level = "DEFERRED"

    def _version(self, store: sqlite3.Connection) -> int:
        application, version, tables = (
            store.execute(text).fetchone()[0]
            for text in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_master")
        )
        if application != APPLICATION and (application or version or tables):
            raise StoreError(
                Text("{} is a file of another program; it is left as it is. Name another: --store", self.path)
            )
        if version > VERSION:
            raise StoreError(
                Text(
                    "the store {} has version {}, this program knows {}; it is left as it is. Use the newer program, or"
                    " name another store: --store",
                    self.path,
                    version,
                    VERSION,
                )
            )
        return int(version)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.OperationalError as error:
            self.close()
            text = "another program is writing to it; try again" if _in_use(error) else str(error)
            raise StoreError(Text(_UNUSABLE, self.path, text)) from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise StoreError(self._put_aside(str(error))) from error
        except OSError as error:
            raise StoreError(Text(_UNUSABLE, self.path, error.strerror)) from error

    def _put_aside(self, why: str) -> Text:
        """Move a damaged file, and what belongs to it, to where it is kept; what to tell."""
        for number in range(1, 1000):
            kept = self.path.with_name(f"{self.path.name}.damaged-{number}")
            if not kept.exists():
                break
        try:
            for end in ("-wal", "-shm", ""):  # the file last: what is left of a move that fails is not a store alone
                part = Path(f"{self.path}{end}")
                if part.exists():
                    part.rename(f"{kept}{end}")
        except OSError as error:
            return Text(_STAYS, self.path, why, error.strerror)
        return Text(_KEPT, self.path, why, kept)


def _order(row: tuple[Any, ...]) -> Pending:
    number, *values, crc = row
    if crc != _crc(values):
        raise _damaged()  # asked about an order that was never given, the pump would answer that it was not done
    pump, written_utc_s, message, message_id, _, _, _, payload = values
    return Pending(number, pump, written_utc_s, message, message_id, payload)


def _crc(values: Sequence[Any]) -> int:
    return crc32(repr(tuple(values)).encode())


def _damaged() -> Exception:
    import sqlite3

    return sqlite3.DatabaseError("it fails its check")
