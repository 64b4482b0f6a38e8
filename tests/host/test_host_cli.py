"""The `pump` command on a device in this process: output, questions, exit codes."""

import json
import os
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
    terminal.device.deliver(9)
    before = terminal.device.done
    result = terminal.run(command)
    assert result.exit_code == 0 and result.stdout and not result.stderr
    assert terminal.device.closed
    after, first = terminal.run(command, "--json").stdout, terminal.run("--json", command).stdout
    assert len(json.loads(after)) == len(json.loads(first)) > 0
    assert terminal.device.done == before


def test_screens_show_units_and_what_this_is_not(terminal):
    terminal.device.pump.therapy.set_basal(200)
    terminal.device.deliver(1)
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
    terminal.device.deliver(9)
    found = json.loads(terminal.run("deliveries", "--since", "2", "--json").stdout)
    assert [each["id"] for each in found] == list(range(3, 11)) and {each["kind"] for each in found} == {"normal_bolus"}


ORDERS = [
    (("set-basal", "1.25"), ("set_basal", 1250), "0.00 U/h, set by hand -> 1.25 U/h, set by hand"),
    (("bolus", "2.4"), ("bolus", 2, 2400), "none -> 2.40 U"),
    (("suspend",), ("suspend",), "running, basal 0.00 U/h -> suspended, basal 0.00 U/h"),
    (("stop",), ("stop",), "running, basal 0.00 U/h -> stopped"),
    (("limits", "--max-day", "90"), ("set_limits", 35000, 40000, 60000, 90000), "90.00 U"),
]


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize(("order", "call", "shown"), ORDERS, ids=[order[0][0] for order in ORDERS])
def test_orders_show_old_and_new_and_ask(terminal, order, call, shown):
    result = terminal.run(*order)
    assert result.exit_code == 2 and "--yes" in result.stderr and not terminal.device.done
    terminal.person()
    result = terminal.run(*order, answer="n\n")
    assert result.exit_code == 1 and shown in result.stderr and "Nothing was sent" in result.stderr
    assert not terminal.device.done and terminal.device.closed
    result = terminal.run(*order, answer="y\n")
    assert result.exit_code == 0 and terminal.device.done == [call]


@pytest.mark.parametrize(("order", "call", "shown"), ORDERS, ids=[order[0][0] for order in ORDERS])
def test_scripts_say_yes_and_read_json(terminal, order, call, shown):
    terminal.device.live(1)
    result = terminal.run(*order, "--yes", "--json")
    assert result.exit_code == 0 and json.loads(result.stdout)["at_us"] == 1_000_000
    assert terminal.device.done == [call]


@pytest.mark.req("THER-3", "THER-9")
def test_a_suspend_that_is_asked_for_is_the_one_that_comes(terminal):
    """Never more than was in force before, and the question says so."""
    terminal.device.pump.therapy.set_basal(1000)
    for orders, least in ((("temp", "0.05", "--for", "1h"), "0.05"), (("temp", "10%", "--for", "1h"), "0.10")):
        terminal.person()
        assert terminal.run(*orders, "--yes").exit_code == 0
        question = terminal.run("suspend", answer="n\n").stderr
        assert f"-> suspended, basal {least} U/h" in question
        assert f"basal {least} U/h;" in terminal.run("suspend", "--yes").stdout
        assert terminal.run("resume", "--yes").exit_code == 0


def test_cancel_tells_what_was_delivered(terminal):
    terminal.device.pump.boluses.bolus(2400)
    terminal.device.live(3)
    result = terminal.run("cancel", "--yes")
    assert result.exit_code == 0 and "0.40 U of 2.40 U delivered" in result.stdout


def test_the_status_shows_a_running_bolus_and_a_faulty_firmware(terminal):
    terminal.device.pump.boluses.bolus(2400)
    terminal.device.live(1)
    terminal.device.commands.counters.internal_errors = 3
    shown = terminal.run("status").stdout
    assert "no. 2: 0.20 U of 2.40 U delivered, 2.20 U to come" in shown and "3 internal errors" in shown


def test_limits_that_are_not_given_stay(terminal):
    terminal.run("limits", "--max-bolus", "20", "--max-basal", "5.05", "--yes")
    assert terminal.device.pump.reports.limits() == (5050, 20000, 60000, 150000)


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize(
    ("order", "text"),
    [
        (("bolus", "2.3"), "2.3 U is not a whole number of strokes of 0.20 U; allowed nearest: 2.20 U or 2.40 U"),
        (("bolus", "0.1"), "allowed nearest: 0.20 U"),
        (("bolus", "0"), "0 U is less than the least allowed, 0.20 U"),
        (("bolus", "40.2"), "beyond the hard limit of 40.00 U"),
        (("bolus", "2,4,0"), "not a number of U"),
        (("set-basal", "1.26"), "not a whole number of steps of 0.05 U/h; allowed nearest: 1.25 U/h or 1.30 U/h"),
        (("set-basal", "35.05"), "beyond the hard limit of 35.00 U/h"),
        (("limits", "--max-hour", "60.001"), "beyond the hard limit of 60.00 U"),
    ],
)
def test_wrong_amounts_are_explained_and_not_sent(terminal, order, text):
    result = terminal.run(*order, "--yes")
    assert result.exit_code == 2 and text in result.stderr and not terminal.device.done
    details = json.loads(terminal.run("--json", *order, "--yes").stderr.splitlines()[-1])
    assert details["exit_code"] == 2 and text in details["message"]


@pytest.mark.req("HOST-1")
def test_a_refusal_by_the_pump_is_exit_code_3(terminal):
    terminal.device.pump.device.set_limits(1000, 40000, 60000, 150000)
    result = terminal.run("set-basal", "1.25", "--yes")
    assert result.exit_code == 3 and "the rate, 1.25 U/h, is beyond the clinician's limit of 1.00 U/h" in result.stderr
    details = json.loads(terminal.run("set-basal", "1.25", "--yes", "--json").stderr.splitlines()[-1])
    assert (details["code"], details["value"], details["limit"], details["unit"]) == (
        "clinician_limit",
        1250,
        1000,
        "mU/h",
    )


def test_no_answer_is_exit_code_4(terminal):
    terminal.device.lose_replies = 99, 1
    result = terminal.run("status")
    assert result.exit_code == 4 and "no answer to 'hello' within 0.5 s, 3 attempts" in result.stderr


def test_a_bad_port_is_exit_code_4(terminal):
    def fail(port):
        raise PortError(f"cannot open port {port}")

    terminal.monkeypatch.setattr(console, "open_transport", fail)
    result = terminal.run("status")
    assert result.exit_code == 4 and "cannot open port hand" in result.stderr


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


@pytest.mark.req("HOST-4")
def test_the_help_says_what_this_is_not_on_a_terminal_of_ascii_too():
    root = Path(__file__).resolve().parents[2]
    ascii_only = os.environ | {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "host", "--help"]
    run = subprocess.run(command, cwd=root, env=ascii_only, capture_output=True, text=True, timeout=900, check=True)
    assert "development platform, not a medical device" in run.stdout and "Exit codes" in run.stdout
    assert r"Rel\xe8ve" in run.stdout
