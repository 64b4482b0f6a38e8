"""The programmer's store: orders that outlive the program, and a file that cannot be used."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from host import store as module
from host.store import APPLICATION, VERSION, Store, StoreError

pytestmark = pytest.mark.req("LINK-2", "HOST-5")
ORDER = ("bolus", 0x11, 7, 9, (1 << 64) - 1, b"\0payload\xff")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "store.sqlite"


def write(store: Store, pump: str = "pump") -> int:
    return store.write_down(pump, *ORDER)


def test_an_order_outlives_the_program_that_wrote_it(path: Path) -> None:
    store = Store(path, lambda: 1_800_000_000.4)
    assert store.pending() == [] and not path.exists(), "what asks only makes no file"
    first, other, second = write(store), write(store, "other"), write(store)
    again = Store(path)
    found = again.pending()
    assert [(each.number, each.pump) for each in found] == [(first, "pump"), (other, "other"), (second, "pump")]
    one = found[0]
    assert (one.pump, one.message, one.message_id, one.payload) == ("pump", "bolus", 0x11, ORDER[-1])
    assert one.written_utc_s == 1_800_000_000
    again.strike_out(first)
    again.strike_out(first)
    assert [each.number for each in store.pending()] == [other, second]
    store.strike_out(second)
    assert write(store) > second, "a number is not used again"
    store.close()
    store.close()
    again.close()


def test_the_file_is_its_user_s_alone_and_says_what_it_is(path: Path) -> None:
    store = Store(path)
    write(store)
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    raw = sqlite3.connect(path)
    facts = [raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version", "journal_mode")]
    assert facts == [APPLICATION, VERSION, "wal"]
    assert store._connection is not None
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: it outlives a power cut"
    raw.close()
    again = Store(path)
    again.pending()
    assert again._connection is not None
    assert again._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_store_of_an_older_version_is_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Store(path)
    number = write(old)
    old.close()
    more = (*module._MIGRATIONS, "ALTER TABLE pending ADD COLUMN more TEXT; CREATE TABLE history (a)")
    monkeypatch.setattr(module, "_MIGRATIONS", more)
    monkeypatch.setattr(module, "VERSION", 2)
    new = Store(path)
    assert [each.number for each in new.pending()] == [number] and write(new) == number + 1
    assert new._connection is not None
    assert new._connection.execute("PRAGMA user_version").fetchone() == (2,)
    assert new._connection.execute("SELECT count(*) FROM history").fetchone() == (0,)
    new.close()
    monkeypatch.undo()
    before = path.read_bytes()
    for call in (lambda: Store(path).pending(), lambda: write(Store(path))):
        with pytest.raises(StoreError, match="has version 2, this program knows 1; it is left as it is"):
            call()
    assert path.read_bytes() == before


def test_a_migration_that_fails_halfway_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(path)
    number = write(store)
    store.close()
    monkeypatch.setattr(
        module, "_MIGRATIONS", (*module._MIGRATIONS, "CREATE TABLE history (a); CREATE TABLE pending (a)")
    )
    monkeypatch.setattr(module, "VERSION", 2)
    with pytest.raises(StoreError, match=r"cannot be used \(table pending already exists\); no order was sent"):
        write(Store(path))
    monkeypatch.undo()
    assert [each.number for each in Store(path).pending()] == [number]


def test_another_program_s_file_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE theirs (a)")
    raw.close()
    before = path.read_bytes()
    for call in (lambda: Store(path).pending(), lambda: write(Store(path))):
        with pytest.raises(StoreError, match="is a file of another program; it is left as it is"):
            call()
    assert path.read_bytes() == before


def test_a_store_that_is_locked_is_told_and_works_later(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT_S", 0.05)
    store = Store(path)
    write(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match=r"another program is writing to it; try again\); no order was sent"):
        write(store)
    assert len(Store(path).pending()) == 1, "looking is possible meanwhile"
    other.execute("ROLLBACK")
    other.close()
    write(store)
    assert len(store.pending()) == 2


def test_a_new_store_waits_for_another_that_writes_it_as_it_begins(path: Path) -> None:
    """SQLite does not wait there by itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    other = sqlite3.connect(path, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ends = threading.Timer(0.3, other.rollback)
    ends.start()
    write(Store(path))
    ends.join()
    other.close()
    assert len(Store(path).pending()) == 1


def test_two_programs_that_begin_at_once_both_have_a_store(path: Path) -> None:
    script = "import sys; from pathlib import Path; from host.store import Store\n"
    script += "Store(Path(sys.argv[1])).write_down('pump', 'bolus', 17, 1, 1, 1, b'x')"
    programs = [subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=Path.cwd()) for _ in range(4)]
    assert [program.wait(600) for program in programs] == [0] * 4
    assert len(Store(path).pending()) == 4


def test_a_full_disk_is_told_and_what_was_there_stays(path: Path) -> None:
    store = Store(path)
    write(store)
    assert store._connection is not None
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"cannot be used \(database or disk is full\); no order was sent"):
        store.write_down("pump", "bolus", 17, 1, 1, 1, bytes(100_000))
    assert len(Store(path).pending()) == 1


def test_a_store_that_cannot_be_written_can_be_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Store(path)
    write(first)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda name, **how: connect(f"file:{name}?mode=ro", uri=True, **how))
    store = Store(path)
    assert len(store.pending()) == 1
    with pytest.raises(StoreError, match=r"attempt to write a readonly database\); no order was sent"):
        write(store)


@pytest.mark.parametrize("wrong", ["a folder", "under a file", "too long a name"])
def test_a_place_where_no_store_can_be_is_told(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "x"
    if wrong == "a folder":
        path.mkdir()
    elif wrong == "too long a name":
        path = tmp_path / ("x" * 300)
        with pytest.raises(StoreError, match="cannot be used"):
            Store(path).pending()
    else:
        path.write_text("")
        path /= "store.sqlite"
    with pytest.raises(StoreError, match=r"cannot be used .*; no order was sent"):
        write(Store(path))


@pytest.mark.parametrize("end", [b"not a database at all" * 100, b"short"])
def test_a_damaged_store_is_kept_aside_and_a_new_one_begins(path: Path, end: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(end)
    Path(f"{path}.damaged-1").write_bytes(b"an earlier one")
    with pytest.raises(StoreError, match=r"is damaged .*; it is kept as .*damaged-2, and a new one begins") as found:
        write(Store(path))
    assert "look at the pump's status and log before the next" in str(found.value)
    assert Path(f"{path}.damaged-1").read_bytes() == b"an earlier one" and not path.exists()
    assert Path(f"{path}.damaged-2").read_bytes() == end
    assert write(Store(path)) == 1 and len(Store(path).pending()) == 1


def test_any_damage_is_found_or_does_no_harm(path: Path, tmp_path: Path) -> None:
    """A byte is turned over, of any page and of the orders: an error and the file kept, or the orders as they were."""
    store = Store(path)
    for _ in range(20):
        write(store)
    good = store.pending()
    assert store._connection is not None
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    whole = path.read_bytes()
    found = 0
    rows = whole.rindex(b"payload"), whole.index(b"payload\xff")
    for at in {*range(0, len(whole), 509), *range(rows[1] - 100, rows[0] + 9, 7)}:
        copy = tmp_path / f"{at}" / "store.sqlite"
        copy.parent.mkdir()
        damaged = whole[:at] + bytes(each ^ 0xA5 for each in whole[at : at + 1]) + whole[at + 1 :]
        copy.write_bytes(damaged)
        try:
            orders = Store(copy).pending()
            assert orders == good
        except StoreError:
            found += 1
            kept = [each for each in copy.parent.iterdir() if each.read_bytes() == damaged]
            assert kept, "the damaged file is there, byte for byte"
    assert found >= 2


def test_an_empty_file_is_a_new_store(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert write(Store(path)) == 1


def test_the_store_is_in_the_user_s_data_or_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("RELEVE_STORE", raising=False)
    assert module.place() == tmp_path / "releve" / "store.sqlite"
    monkeypatch.setenv("RELEVE_STORE", str(tmp_path / "mine"))
    assert module.place() == tmp_path / "mine"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_kill_at_any_time_loses_no_order_and_damages_nothing(path: Path) -> None:
    """A program writes orders down and strikes every second one out, and tells after each; it is killed anywhere."""
    script = (
        "import sys, os; from pathlib import Path; from host.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "while True:\n"
        " kept = store.write_down('pump', 'bolus', 17, 1, 1, 1, b'x'); os.write(1, b'+%d\\n' % kept)\n"
        " gone = store.write_down('pump', 'bolus', 17, 1, 1, 1, b'x'); store.strike_out(gone)\n"
        " os.write(1, b'-%d\\n' % gone)"
    )
    import random

    dice = random.Random(16)
    told = ""
    for _ in range(10):
        program = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, cwd=Path.cwd())
        assert program.stdout is not None
        told += program.stdout.readline().decode()
        try:
            program.wait(dice.random() / 10)
        except subprocess.TimeoutExpired:
            program.send_signal(signal.SIGKILL)
        told += program.stdout.read().decode()
        program.wait()
        program.stdout.close()
    lines = told.split("\n")
    found = {each.number for each in Store(path).pending()}
    kept = {int(line[1:]) for line in lines if line.startswith("+")}
    struck = {int(line[1:]) for line in lines if line.startswith("-")}
    assert kept and kept <= found and not struck & found
    assert len(found - kept) <= 10, "of each program the one that it was at, perhaps"
