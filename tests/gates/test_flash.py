"""`make flash`: with a fake drive, fake programs and a pump on CPython; what goes wrong is said with the way out."""

import hashlib
import json
import time
from pathlib import Path

import pytest

from host.records import Hello
from tests.firmware.hand import Hand
from tests.host.device import Device
from tests.host.sealed import Sealed
from tools.console import Problem
from tools.flash import __main__ as tool
from tools.flash.drive import Drive, mounted
from tools.flash.programs import Openocd, Picotool, Pyocd, StFlash
from tools.micropython import board_job
from tools.ports.image import describe

IMAGE = "0123456789abcdef" + "5" * 48
STM32 = {"port": "stm32", "flash": {"pyocd": "stm32l475xg", "openocd": "board/some.cfg"}}


@pytest.fixture(autouse=True)
def no_programs(monkeypatch, tmp_path):
    """Only the fakes are on the PATH, and the shell that runs them."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    (tmp_path / "bin" / "cat").symlink_to("/bin/cat")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("tools.console.LOGS", tmp_path / "logs")
    return tmp_path / "bin"


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$0 $@" >> {folder}/calls\n{script}\n')
    path.chmod(0o755)


def calls(folder: Path) -> str:
    return (folder / "calls").read_text() if (folder / "calls").exists() else ""


def drive(tmp_path: Path, name: str = "RPI-RP2", board_id: str = "RPI-RP2") -> Path:
    folder = tmp_path / "media" / name
    folder.mkdir(parents=True)
    text = f"UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {board_id}\r\n"
    (folder / "INFO_UF2.TXT").write_text(text)
    return folder


@pytest.fixture
def image(tmp_path) -> Path:
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "firmware.uf2").write_bytes(b"UF2\n" * 50_000)
    facts = {"board": "RPI_PICO", "image": IMAGE, "bytes": 100_000}
    (folder / "firmware.json").write_text(json.dumps(facts))
    return folder


def flash(monkeypatch, image, *ways, wanted="", dry_run=False, facts=None):
    facts = facts or {"port": "rp2", "chip": "RP2040"}
    monkeypatch.setitem(tool.WAYS, facts["port"], ways)
    return tool.flash("RPI_PICO", image, facts, wanted, dry_run)


@pytest.mark.req("BOARD-1")
def test_the_image_is_copied_to_the_drive_whole(tmp_path, monkeypatch, image, capsys):
    place = drive(tmp_path)
    assert flash(monkeypatch, image, Drive([tmp_path, place]))["image"] == IMAGE
    assert (place / "firmware.uf2").read_bytes() == (image / "firmware.uf2").read_bytes()
    said = capsys.readouterr().err
    assert str(place) in said
    assert IMAGE[:16] in said


@pytest.mark.req("BOARD-4")
def test_the_bench_io_board_s_image_is_described_and_flashed(tmp_path, monkeypatch, image):
    facts = board_job("BENCH_IO").facts
    (image / "firmware.json").unlink()
    (image / "firmware.bin").write_bytes(b"code" * 1000)
    digest = describe(image, "BENCH_IO")
    assert digest == hashlib.sha256(b"code" * 1000).hexdigest()
    place = drive(tmp_path)
    written = flash(monkeypatch, image, Drive([place]), facts=facts)
    assert written == {"board": "BENCH_IO", "image": digest, "bytes": 4000}
    assert (place / "firmware.uf2").exists()
    assert "no programmer link" in tool.look_back("BENCH_IO", facts, written, "/dev/ttyUSB0")


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path, monkeypatch, image, capsys):
    place = drive(tmp_path)
    flash(monkeypatch, image, Drive([place]), dry_run=True)
    assert f"will copy firmware.uf2 to the drive {place}" in capsys.readouterr().err
    assert not (place / "firmware.uf2").exists()


def test_no_board_is_told_every_way_to_get_one(monkeypatch, image, tmp_path):
    with pytest.raises(Problem, match=r"no board is in reach(.|\n)*BOOTSEL(.|\n)*picotool"):
        flash(monkeypatch, image, Drive([tmp_path]), Picotool())


def test_two_boards_are_not_guessed_between(tmp_path, monkeypatch, image):
    one, two = drive(tmp_path, "RPI-RP2"), drive(tmp_path, "RPI-RP21")
    with pytest.raises(Problem, match=r"2 boards are in reach, and nothing was written(.|\n)*--target"):
        flash(monkeypatch, image, Drive([one, two]))
    flash(monkeypatch, image, Drive([one, two]), wanted=str(two))
    assert (two / "firmware.uf2").exists()
    assert not (one / "firmware.uf2").exists()
    with pytest.raises(Problem, match="no board '/elsewhere' is in reach"):
        flash(monkeypatch, image, Drive([one, two]), wanted="/elsewhere")


def test_another_chip_in_boot_mode_is_refused(tmp_path, monkeypatch, image):
    place = drive(tmp_path, "RP2350", "RP2350")
    with pytest.raises(Problem, match=r"wrong board is in boot mode.*RP2350.*Nothing was written"):
        flash(monkeypatch, image, Drive([place]))
    flash(monkeypatch, image, Drive([place]), facts={"port": "rp2", "chip": "RP2350"})
    assert (place / "firmware.uf2").exists(), "it is an RP2350's own"
    other = drive(tmp_path)
    with pytest.raises(Problem, match=r"RPI-RP2, not a RP2350"):
        flash(monkeypatch, image, Drive([other]), facts={"port": "rp2", "chip": "RP2350"})


def opening(monkeypatch, make):
    """Files opened for writing are what `make` gives."""
    real = Path.open

    def opened(self, mode="r", *args, **more):
        return make() if mode == "wb" else real(self, mode, *args, **more)

    monkeypatch.setattr(Path, "open", opened)


def test_a_drive_that_may_not_be_written_says_so(tmp_path, monkeypatch, image):
    def refuse():
        raise PermissionError(13, "Permission denied")

    opening(monkeypatch, refuse)
    with pytest.raises(Problem, match="no permission to write"):
        flash(monkeypatch, image, Drive([drive(tmp_path)]))


@pytest.mark.parametrize(("at", "whole"), [(70_000, False), (200_000, True)])
def test_a_drive_that_goes_away_is_an_error_unless_all_was_written(tmp_path, monkeypatch, image, at, whole):
    place = drive(tmp_path)

    class Going:
        """A file on a drive that is unplugged after `at` bytes."""

        def __init__(self):
            self.sent = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

        def write(self, data):
            if self.sent >= at:
                raise OSError(5, "Input/output error")
            self.sent += len(data)
            return len(data)

        def fileno(self):
            raise OSError(5, "Input/output error")

    opening(monkeypatch, Going)
    if whole:
        flash(monkeypatch, image, Drive([place]))
    else:
        with pytest.raises(Problem, match="boot mode again"):
            flash(monkeypatch, image, Drive([place]))


def test_mounted_drives_are_read_from_the_system_s_table(tmp_path):
    table = tmp_path / "mounts"
    rows = ["/dev/sda1 / ext4 rw 0 0", r"/dev/sdb1 /media/some\040one/RPI-RP2 vfat rw 0 0"]
    table.write_text("\n".join(rows) + "\n")
    assert mounted(table) == [Path("/media/some one/RPI-RP2")]


def test_picotool_is_used_where_no_drive_is_mounted(monkeypatch, image, no_programs):
    program(no_programs, "picotool", 'if [ "$1" = info ]; then echo "Program Information"; fi')
    flash(monkeypatch, image, Drive([]), Picotool())
    assert "load --verify --execute" in calls(no_programs)


def test_picotool_without_permission_says_so(monkeypatch, image, no_programs):
    program(no_programs, "picotool", 'echo "RP2040 device but access denied: permission?"; exit 1')
    with pytest.raises(Problem, match=r"may not use the board(.|\n)*udev"):
        flash(monkeypatch, image, Drive([]), Picotool())


def test_a_program_that_fails_is_quoted(monkeypatch, image, no_programs):
    script = 'if [ "$1" = info ]; then echo "Program Information"; else echo "verify failed at 10000100"; exit 1; fi'
    program(no_programs, "picotool", script)
    with pytest.raises(Problem, match=r"content of the board's flash is now unknown(.|\n)*verify failed at 10000100"):
        flash(monkeypatch, image, Picotool())


def test_an_stm32_is_flashed_by_whichever_program_is_there(monkeypatch, image, no_programs):
    program(no_programs, "openocd", "exit 0")
    flash(monkeypatch, image, StFlash(), Pyocd(), Openocd(), facts=STM32)
    assert "verify reset exit" in calls(no_programs)
    program(no_programs, "pyocd", """if [ "$1" = json ]; then echo '{"boards": [{"unique_id": "0667FF"}]}'; fi""")
    flash(monkeypatch, image, StFlash(), Pyocd(), Openocd(), facts=STM32)
    assert "--target stm32l475xg --probe 0667FF" in calls(no_programs)
    program(no_programs, "st-info", 'echo "Found 1 stlink programmers"; echo "  serial:     066BFF"')
    program(no_programs, "st-flash", "exit 0")
    flash(monkeypatch, image, StFlash(), Pyocd(), Openocd(), facts=STM32)
    assert "--serial 066BFF --reset write" in calls(no_programs)


@pytest.mark.req("BOARD-1")
def test_an_stm32_that_sleeps_is_reached_because_it_is_held_in_reset(monkeypatch, image, no_programs):
    program(no_programs, "openocd", "exit 0")
    program(no_programs, "pyocd", """if [ "$1" = json ]; then echo '{"boards": [{"unique_id": "0667FF"}]}'; fi""")
    program(no_programs, "st-info", 'echo "  serial: A1"')
    program(no_programs, "st-flash", "exit 0")
    for way in (StFlash(), Pyocd(), Openocd()):
        flash(monkeypatch, image, way, facts=STM32)
    asked = {"st-info": "--connect-under-reset", "st-flash": "--connect-under-reset", "openocd": "connect_assert_srst"}
    for line in calls(no_programs).splitlines():
        name = line.split()[0].rpartition("/")[2]
        if "--probes" not in line:  # which probes there are, not which chips
            assert asked.get(name, "load --connect under-reset") in line


def test_two_probes_are_not_guessed_between(monkeypatch, image, no_programs):
    program(no_programs, "st-info", 'echo "  serial: A1"; echo "  serial: B2"')
    program(no_programs, "st-flash", "exit 0")
    with pytest.raises(Problem, match=r"A1(.|\n)*B2"):
        flash(monkeypatch, image, StFlash(), facts=STM32)
    flash(monkeypatch, image, StFlash(), facts=STM32, wanted="B2")
    assert "--serial B2" in calls(no_programs)


def hello_of(image: str) -> Hello:
    hand = Hand()
    hand.pump.reports._identity["image"] = image
    return tool.Programmer(Device(hand)).hello()


@pytest.mark.req("BOARD-1")
def test_what_runs_must_be_what_was_written():
    hello = hello_of(IMAGE[:16])
    facts = {"image": IMAGE}
    tool.verify(hello, "HAND", facts, "port")
    with pytest.raises(Problem, match="another board than the one just flashed"):
        tool.verify(hello, "RPI_PICO", facts, "port")
    with pytest.raises(Problem, match="runs image 0123456789abcdef, not the ffff"):
        tool.verify(hello, "HAND", {"image": "f" * 64}, "port")


def test_an_image_that_does_not_know_itself_is_not_taken_for_the_right_one():
    with pytest.raises(Problem, match="runs image unknown"):
        tool.verify(hello_of(""), "HAND", {"image": IMAGE}, "port")


def test_the_board_is_asked_until_it_has_started(monkeypatch):
    device = Device()
    device.lose_replies = 3, 1
    monkeypatch.setattr(tool, "SerialTransport", lambda _port: device)
    assert tool.read_identity("port", 30.0, pause=lambda _s: None).board == "HAND"


def test_a_board_without_keys_is_written_and_said_not_to_be_verified(monkeypatch):
    device = Sealed(provisioned=False)
    monkeypatch.setattr(tool, "SerialTransport", lambda _port: device)
    facts = {"c_modules": [tool.PUMP_MODULE]}
    said = tool.look_back("HAND", facts, {"image": IMAGE}, "port")
    assert said.startswith("written; ") and "NOT verified" in said and "pump-bench provision --port port" in said


def test_a_port_where_nobody_answers_is_named(monkeypatch):
    device = Device()
    device.lose_replies = 1000, 1
    monkeypatch.setattr(tool, "SerialTransport", lambda _port: device)
    with pytest.raises(Problem, match=r"could not be verified(.|\n)*Is port the adapter"):
        tool.read_identity("port", 0.0, pause=time.sleep)


def test_a_program_for_this_machine_is_not_flashed(monkeypatch):
    monkeypatch.setattr("sys.argv", ["flash", "VIRTUAL"])
    with pytest.raises(Problem, match="nothing to flash"):
        tool.main()
