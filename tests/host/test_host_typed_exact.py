"""Figures as people type them: ASCII digits, one point or comma, nothing else; and figures that scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from firmware.protocol import NEVER_US
from host import day
from host.api.client import Programmer
from host.commands import look
from host.plain import as_plain, figure
from host.units import AmountError, parse_milli, parse_minutes, parse_seconds, parse_whole
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "HOST-4")
# Exponents, underscores, signs, infinities, digits of other scripts and powers, half a number, two points.
NO_NUMBERS = ("", "1_0", "1e1", "1E1", "+1", "-1", "−1", "inf", "Infinity", "nan", "٢", "２", "²", "1²", "१", "1.2.3")
NO_NUMBERS += ("1,2,3", "1.2,3", "1,234.5", "1.", "1,", ".", ",", "0x10", "1 0", "1'000", "1 U", "½", "1\n2", "1\0")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def said(parse: Callable[..., object], text: str, *rest: object) -> str:
    with pytest.raises(AmountError) as error:
        parse(text, *rest)
    told = str(error.value)
    assert repr(text) in told and told.isprintable(), "one line that shows what was typed"
    return told


def test_an_amount_is_digits_with_one_point_or_one_comma() -> None:
    for text, milli in (("2.4", 2400), ("2,4", 2400), (",2", 200), (".2", 200), ("007", 7000), (" 1,25 ", 1250)):
        assert parse_milli(text, "U") == milli
    assert parse_milli("1,000", "U") == 1000, "a comma parts no thousands"
    for text in NO_NUMBERS:
        assert "is not a number of U/h" in said(parse_milli, text, "U/h")


def test_a_whole_number_is_digits_alone() -> None:
    assert (parse_whole("0"), parse_whole(" 1234567890 "), parse_whole("007")) == (0, 1_234_567_890, 7)
    for text in (*NO_NUMBERS, "1.0", "1,0", "9" * 11, "9" * 5000):
        assert "is not a whole number" in said(parse_whole, text)
    assert "is not a whole number of days" in said(parse_whole, "x", "days")
    assert (parse_whole("60", "s", 1, 60), parse_whole("1", "s", 1, 60)) == (60, 1)
    for text in ("0", "61"):
        assert "is not within 1 to 60 s" in said(parse_whole, text, "s", 1, 60)


def test_seconds_are_a_number_within_its_bounds() -> None:
    bounds = Decimal("0.01"), Decimal(600)
    assert (parse_seconds("0.01", *bounds), parse_seconds("600", *bounds)) == (0.01, 600.0)
    assert parse_seconds("0,5", *bounds) == 0.5
    for text in ("0.009", "600.001", "0"):
        assert "is not within 0.01 to 600 s" in said(parse_seconds, text, *bounds)
    for text in NO_NUMBERS:
        assert "is not a number of s" in said(parse_seconds, text, *bounds)


def test_a_duration_has_no_other_digits_and_one_comma() -> None:
    assert (parse_minutes("1,5h"), parse_minutes("1.5h"), parse_minutes("0,25 h")) == (90, 90, 15)
    for text in ("٢h", "２h", "²h", "1٠min", "٠1:30", "1:٣٠", "1_0min", "1e1min", "1,5,5h", "+2h"):
        said(parse_minutes, text)


def test_a_rate_of_a_pattern_and_its_time_are_digits(tmp_path: Path) -> None:
    preset = (200,) * 48
    assert day.edited(preset, ["06:00=0,8"]) == day.edited(preset, ["06:00=0.8"])
    for change in ("٠٦:00=1", "06:٣٠=1", "06:00-٠٧:00=1", "06:00=1e1", "06:00=1_0", "06:00=٢", "06:00=+1", "06:00=1\n"):
        with pytest.raises(AmountError):
            day.edited(preset, [change])
    file = tmp_path / "day"

    def read(text: str) -> day.Rates:
        file.write_text(text, encoding="utf-8")
        return day.read_file(file)

    expected = (200,) * 12 + (850,) * 36
    assert read("00:00;0,2\n06:00;0,85\n") == read("time;rate\n0:00;0.2\n6:00; 0.85\n") == expected
    assert read('{"00:00": "0,2", "06:00": 0.85}') == read(" 00:00, 0.2\n 06:00, 0.85\n") == expected
    for text in (
        '{"00:00": 1e1}', '{"00:00": true}', '{"00:00": null}', '{"00:00": -1}', '{"00:00": NaN}', '{"00:00": [1]}',
        "00:00,1e1\n", "00:00,0,2\n", "00:00;0;2\n", "00:00,1\n00:00,2\n", " 00:00,1\n00:00,2\n",
        '{"0:00": 1, "00:00": 2}',
    ):  # fmt: skip
        with pytest.raises(AmountError):
            read(text)


def test_a_key_given_twice_is_refused_and_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "day.json"
    for text, told in (
        ('{"00:00": 1, "00:00": 1}', "'00:00' is given twice"),
        ('{"rates_mu_per_h": ' + str([0] * 48) + ', "rates_mu_per_h": ' + str([50] * 48) + "}", "is given twice"),
        ('{"00:00": ' + "9" * 5000 + "}", "is not JSON"),
        ('{"00:00": ' + "[" * 100_000 + "}", "is not JSON"),
        ("00:00," + "1" * 200_000, "is not CSV"),
    ):  # fmt: skip
        file.write_text(text, encoding="utf-8")
        with pytest.raises(AmountError, match=told):
            day.read_file(file)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("bolus", "1_0"), "'1_0' is not a number of U"),
        (("bolus", "٢.٤"), "'٢.٤' is not a number of U"),
        (("bolus", "3", "--now", "1e0", "--over", "2h"), "'1e0' is not a number of U"),
        (("set-basal", "1e1"), "'1e1' is not a number of U/h"),
        (("temp", "²%", "--for", "2h"), "'²%' is not a percentage from 0% to 200%"),
        (("temp", "٥٠%", "--for", "2h"), "is not a percentage"),
        (("temp", "1_00%", "--for", "2h"), "is not a percentage"),
        (("temp", "9" * 5000 + "%", "--for", "2h"), "is not a percentage"),
        (("temp", "50%", "--for", "٢h"), "'٢h' is not a duration"),
        (("limits", "--max-day", "1e2"), "is not a number of U"),
        (("settings", "--in-use-days", "3_0"), "'3_0' is not a whole number of days"),
        (("settings", "--in-use-days", "٣٠"), "is not a whole number of days"),
        (("settings", "--utc-offset", "+٠١:00"), "is not an offset from UTC"),
        (("settings", "--auto-off", "1_2h"), "is not a duration"),
        (("acknowledge", "²"), "there is no alarm called '²'"),
        (("acknowledge", "9" * 5000), "there is no alarm called"),
        (("pattern", "edit", "A", "--file", "\x1b[31mx\ny"), "cannot read '\\x1b[31mx\\ny': No such file"),
        (("revoke", "\x1b[31mx\u202ey"), "no programmer is '\\x1b[31mx\\u202ey'"),
        (("log", "--count", "1_0"), "is not a whole number of events"),
        (("log", "--since", "-1"), ""),
        (("deliveries", "--since", "٣"), "is not a whole number"),
        (("deliveries", "--since", "9999999999"), "not within 0 to 4294967295 deliveries"),
        (("telemetry", "--interval", "61"), "is not within 1 to 60 s"),
        (("telemetry", "--interval", "1e0"), "is not a whole number of s"),
        (("monitor", "--interval", "1e30"), "is not a number of s"),
        (("monitor", "--interval", "86401"), "is not within 0 to 86400 s"),
        (("monitor", "--count", "1_0"), "is not a whole number of readings"),
        (("--timeout", "", "status"), "--timeout: it was given, but nothing stands there"),
        (("status", "--identity", ""), "--identity: it was given, but nothing stands there"),
        (("status", "--language", ""), "--language: it was given, but nothing stands there"),
        (("bolus", "1", "--store", ""), "--store: it was given, but nothing stands there"),
        (("--timeout", "inf", "status"), "'inf' is not a number of s"),
        (("--timeout", "0.009", "status"), "is not within 0.01 to 600 s"),
        (("--holds", "inf", "bolus", "1"), "'inf' is not a number of s"),
        (("--holds", "601", "bolus", "1"), "is not within 1 to 600 s"),
    ],
)
def test_what_is_no_figure_is_exit_code_2_and_one_line(patient: Patient, arguments: tuple[str, ...], told: str) -> None:
    looks = any(word in arguments for word in ("log", "deliveries", "telemetry", "monitor", "status"))
    run = patient.terminal.run(*arguments, *() if looks else ("--yes",))
    assert run.exit_code == 2 and told in run.stderr and "Traceback" not in run.stderr
    assert not told or len(run.stderr.splitlines()) == 1
    assert all(each.isprintable() for each in run.stderr.rstrip("\n")), "an escape sequence, typed or pasted"
    assert patient.terminal.device.done == []


def test_a_comma_is_a_point_in_every_command(patient: Patient) -> None:
    patient.do("set-basal", "1,25")
    patient.do("limits", "--max-bolus", "20,2")
    assert json.loads(patient.do("bolus", "2,4", "--json"))["strokes"] == 12
    patient.do("temp", "0,8", "--for", "1,5h")
    *before, temp = patient.terminal.device.done
    assert before == [("set_basal", 1250), ("set_limits", 35_000, 20_200, 60_000, 150_000), ("bolus", 3, 2400)]
    assert temp[0] == "temp_basal" and temp[-2:] == (800, 90)


def test_no_figure_of_json_is_rounded_by_its_reader(patient: Patient) -> None:
    exact = 2**53
    assert [figure(each) for each in (0, exact, -exact, NEVER_US, True, "x", 1.5, None)] == [
        0, exact, -exact, None, True, "x", 1.5, None,
    ]  # fmt: skip
    assert (figure(exact + 1), figure(-exact - 1)) == (str(exact + 1), str(-exact - 1))
    status = json.loads(patient.see("status", "--json"))
    assert status["temp_until_us"] is status["recommended_until_us"] is None
    pump = Programmer(patient.terminal.device)
    hello = as_plain(pump.hello())
    assert hello["schema_hash"] == f"{pump.hello().schema_hash:016x}"
    found = as_plain([pump.status()])
    assert isinstance(found, list) and found[0]["next_due_us"] is None and found[0]["state"] == "running"


def test_a_monitor_waits_as_long_as_it_is_told(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(look.time, "sleep", waited.append)
    lines = patient.see("monitor", "--interval", "0,25", "--count", "3", "--json").splitlines()
    assert len(lines) == 3 and waited == [0.25, 0.25]


def test_yes_and_the_port_stand_before_the_command_or_after_it(patient: Patient) -> None:
    terminal = patient.terminal
    for arguments in (("--yes", "stop"), ("-y", "resume"), ("stop", "--yes"), ("resume", "-y")):
        assert terminal.run(*arguments).exit_code == 0
    assert [name for name, *_ in terminal.device.done] == ["stop", "resume"] * 2
    assert terminal.run("--yes", "pattern", "edit", "A", "06:00=1").exit_code == 0, "of a command's command too"
    assert terminal.run("--yes", "status").exit_code == 0, "nothing is asked"
    terminal.ports.clear()
    for arguments in (("status", "--port", "one"), ("--port", "one", "status"), ("pattern", "show", "--port=one", "A")):
        assert terminal.run(*arguments, port="").exit_code == 0
    assert terminal.ports == ["one"] * 3
    assert terminal.run("status", "--port", port="").exit_code == 2, "without its value"
    told = terminal.run("status", "--timeout", "inf", "--json")
    assert told.exit_code == 2 and json.loads(told.stderr)["message"].startswith("'inf' is not a number of s")
    assert "is not within 1 to 600 s" in terminal.run("bolus", "1", "--yes", "--holds=601").stderr
