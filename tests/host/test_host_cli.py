"""The `pump` command on a device in this process: output, questions, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from firmware import protocol
from host import console
from host.commands import look
from host.errors import PortError, SchemaMismatch
from tests.host.terminal import Terminal


@pytest.fixture
def terminal(monkeypatch):
    return Terminal(monkeypatch)


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize("command", ["hello", "status", "limits", "deliveries"])
def test_what_only_looks_needs_no_question(terminal, command):
    terminal.device.pump.add_deliveries(9)
    result = terminal.run(command)
    assert result.exit_code == 0 and result.stdout and not result.stderr
    assert terminal.device.closed
    after, before = terminal.run(command, "--json").stdout, terminal.run("--json", command).stdout
    assert len(json.loads(after)) == len(json.loads(before)) > 0
    assert terminal.device.pump.calls == []


def test_screens_show_units_and_what_this_is_not(terminal):
    terminal.device.pump.add_deliveries(1)
    assert "0.20 U/h" in terminal.run("status").stdout
    assert "not a medical device" in terminal.run("status").stdout
    assert "U-400" in terminal.run("hello").stdout
    assert "150.00 U" in terminal.run("limits").stdout
    assert "normal bolus" in terminal.run("deliveries").stdout


def test_json_is_complete(terminal):
    hello = json.loads(terminal.run("hello", "--json").stdout)
    assert hello["schema_hash"] == f"{protocol.SCHEMA_HASH:016x}"
    status = json.loads(terminal.run("status", "--json").stdout)
    assert set(status) == {field.name for field in protocol.BY_ID[0x02].reply}
    terminal.device.pump.add_deliveries(9)
    assert [each["id"] for each in json.loads(terminal.run("deliveries", "--since", "2", "--json").stdout)] == list(
        range(3, 10)
    )


ORDERS = [
    (("set-basal", "1.25"), ("set_basal", 1250), "0.20 U/h, pattern A -> 1.25 U/h, set by hand"),
    (("bolus", "2.4"), ("bolus", 2400), "none -> 2.40 U"),
    (("suspend",), ("suspend",), "running, basal 0.20 U/h -> suspended, basal 0.00 U/h"),
    (("resume",), ("resume",), "-> running"),
    (("limits", "--max-day", "90"), ("set_limits",), "90.00 U"),
]


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize(("order", "call", "shown"), ORDERS, ids=[order[0][0] for order in ORDERS])
def test_orders_show_old_and_new_and_ask(terminal, order, call, shown):
    result = terminal.run(*order)
    assert result.exit_code == 2 and "--yes" in result.stderr and not terminal.device.pump.calls
    terminal.person()
    result = terminal.run(*order, answer="n\n")
    assert result.exit_code == 1 and shown in result.stderr and "Nothing was sent" in result.stderr
    assert not terminal.device.pump.calls and terminal.device.closed
    result = terminal.run(*order, answer="y\n")
    assert result.exit_code == 0 and terminal.device.pump.calls == [call]


@pytest.mark.parametrize(("order", "call", "shown"), ORDERS, ids=[order[0][0] for order in ORDERS])
def test_scripts_say_yes_and_read_json(terminal, order, call, shown):
    result = terminal.run(*order, "--yes", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["at_us"] and terminal.device.pump.calls == [call]


def test_cancel_tells_what_was_delivered(terminal):
    terminal.device.pump.bolus(2400)
    result = terminal.run("cancel", "--yes")
    assert result.exit_code == 0 and "0.00 U of 2.40 U delivered" in result.stdout


def test_the_status_shows_a_running_bolus_and_a_faulty_firmware(terminal):
    terminal.device.pump.bolus(2400)
    terminal.device.commands.counters.internal_errors = 3
    shown = terminal.run("status").stdout
    assert "no. 1: 0.00 U of 2.40 U delivered, 2.40 U to come" in shown and "3 internal errors" in shown


def test_limits_that_are_not_given_stay(terminal):
    terminal.run("limits", "--max-bolus", "20", "--max-basal", "5.05", "--yes")
    assert terminal.device.pump.limits == (5050, 20000, 60000, 150000)


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize(
    ("order", "text"),
    [
        (("bolus", "2.3"), "2.3 U is not a whole number of strokes of 0.20 U; allowed nearest: 2.20 U or 2.40 U"),
        (("bolus", "0.1"), "allowed nearest: 0.20 U"),
        (("bolus", "0"), "outside the allowed range"),
        (("bolus", "40.2"), "beyond the hard limit of 40.00 U"),
        (("bolus", "2,4"), "not a number of U"),
        (("set-basal", "1.26"), "not a whole number of steps of 0.05 U/h; allowed nearest: 1.25 U/h or 1.30 U/h"),
        (("set-basal", "35.05"), "beyond the hard limit of 35.00 U/h"),
        (("limits", "--max-hour", "60.001"), "beyond the hard limit of 60.00 U"),
    ],
)
def test_wrong_amounts_are_explained_and_not_sent(terminal, order, text):
    result = terminal.run(*order, "--yes")
    assert result.exit_code == 2 and text in result.stderr and not terminal.device.pump.calls
    details = json.loads(terminal.run("--json", *order, "--yes").stderr.splitlines()[-1])
    assert details["exit_code"] == 2 and text in details["message"]


@pytest.mark.req("HOST-1")
def test_a_refusal_by_the_pump_is_exit_code_3(terminal):
    terminal.device.pump.limits = (1000, 40000, 60000, 150000)
    result = terminal.run("set-basal", "1.25", "--yes")
    assert (
        result.exit_code == 3
        and "rate_mu_per_h = 1.25 U/h is beyond the clinician's limit of 1.00 U/h" in result.stderr
    )
    details = json.loads(terminal.run("set-basal", "1.25", "--yes", "--json").stderr.splitlines()[-1])
    assert (details["code"], details["value"], details["limit"], details["unit"]) == (
        "clinician_limit",
        1250,
        1000,
        "mU/h",
    )


def test_no_answer_is_exit_code_4(terminal):
    terminal.device.lose_replies = 99
    result = terminal.run("status")
    assert result.exit_code == 4 and "no answer to 'hello' within 0.5 s, 3 attempts" in result.stderr


def test_a_bad_port_is_exit_code_4(terminal):
    def fail(port):
        raise PortError(f"cannot open port {port}")

    terminal.monkeypatch.setattr(console, "open_transport", fail)
    result = terminal.run("status")
    assert result.exit_code == 4 and "cannot open port fake" in result.stderr


@pytest.mark.req("LINK-1")
def test_another_schema_is_exit_code_5(terminal):
    def fail(port):
        raise SchemaMismatch(1, 2)

    terminal.monkeypatch.setattr(console, "open_transport", fail)
    result = terminal.run("status")
    assert result.exit_code == 5 and "0000000000000001" in result.stderr and "0000000000000002" in result.stderr


def test_the_port_comes_from_the_environment_or_is_asked_for(terminal):
    assert terminal.run("status", port=None, env={"RELEVE_PORT": "from-env"}).exit_code == 0
    assert terminal.ports == ["from-env"]
    result = terminal.run("status", port=None)
    assert result.exit_code == 2 and "RELEVE_PORT" in result.stderr


def test_monitor_reads_again_and_again(terminal):
    result = terminal.run("monitor", "--interval", "0", "--count", "3", "--json")
    assert result.exit_code == 0
    assert [json.loads(line)["state"] for line in result.stdout.splitlines()] == ["running"] * 3
    assert terminal.run("monitor", "--interval", "0", "--count", "2").exit_code == 0


def test_ctrl_c_ends_the_monitor_cleanly(terminal):
    def interrupt(seconds):
        raise KeyboardInterrupt

    terminal.monkeypatch.setattr(look.time, "sleep", interrupt)
    assert terminal.run("monitor", "--json").exit_code == 0
    assert terminal.device.closed


def test_the_help_says_what_this_is_not():
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-m", "host", "--help"], cwd=root, capture_output=True, text=True, timeout=900, check=True
    )
    assert "development platform, not a medical device" in run.stdout and "Exit codes" in run.stdout
