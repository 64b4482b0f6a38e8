"""The typed API on a whole device in this process, and on one that fails in the ways a real one does."""

from dataclasses import fields

import pytest

from firmware import protocol
from host import records
from host.api.client import MESSAGES, PAGE, Programmer
from host.api.link import encode_frame
from host.errors import BadReply, HostError, InvalidRequest, LinkTimeout, Refused, SchemaMismatch
from tests.host.device import Device


@pytest.fixture
def device():
    return Device()


@pytest.fixture
def pump(device):
    return Programmer(device)


@pytest.mark.req("HOST-3")
@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("status", records.Status),
        ("set_basal", records.BasalChange),
        ("bolus", records.BolusStarted),
        ("cancel_bolus", records.BolusCancelled),
        ("suspend", records.Suspended),
        ("resume", records.Resumed),
        ("stop", records.Stopped),
        ("dual_bolus", records.DualStarted),
        ("temp_basal", records.TempStarted),
        ("cancel_temp", records.TempCancelled),
        ("recommend_rate", records.Recommended),
        ("stage_pattern", records.Staged),
        ("read_pattern", records.Pattern),
        ("commit_pattern", records.PatternCommitted),
        ("select_pattern", records.PatternSelected),
        ("read_settings", records.Settings),
        ("set_settings", records.SettingsSet),
        ("read_reservoir", records.Reservoir),
        ("record_refill", records.Refilled),
        ("acknowledge_alarm", records.Acknowledged),
        ("read_time", records.DeviceTime),
        ("set_time", records.TimeSet),
        ("read_diagnosis", records.Diagnosis),
        ("read_log", records.EventPage),
        ("read_procedure", records.Procedure),
        ("self_test", records.SelfTest),
        ("read_energy", records.Energy),
        ("read_deliveries", records.DeliveryPage),
    ],
)
def test_records_have_the_fields_of_the_message_table(name, record):
    named = [field.name.replace("rates_mu_per_h", "rates") for field in fields(record)]
    assert named == [field.name for field in MESSAGES[name].reply]


def test_limits_and_deliveries_have_the_fields_of_the_message_table():
    limits = [field.name for field in fields(records.Limits)]
    assert limits == [field.name for field in MESSAGES["set_limits"].request[len(protocol.ORDER) :]]
    listed = MESSAGES["read_deliveries"].reply[-1]
    assert [field.name for field in fields(records.Delivery)] == [field.name for field in listed.fields]
    assert listed.high == PAGE == MESSAGES["read_deliveries"].request[1].high


@pytest.mark.req("HOST-3")
def test_every_message_has_a_method_that_does_what_it_says(pump, device):
    assert pump.hello().board == "HAND" and pump.identity.smallest_dose_mu == 200
    assert pump.set_basal(1250) == records.BasalChange(0, 0, 1250, "none")
    device.live(3)
    assert pump.bolus(2400) == records.BolusStarted(3_000_000, 3, 12)
    device.live(3)
    status = pump.status()
    assert (status.state, status.basal_rate_mu_per_h, status.bolus_remaining_mu) == ("running", 1250, 2000)
    assert status.next_due_in_us == 1_000_000 and status.frames_bad == 0
    assert pump.cancel_bolus() == records.BolusCancelled(6_000_000, 3, 2400, 400, 0, 0, 0)
    assert pump.suspend() == records.Suspended(6_000_000, 0, 200)
    assert pump.status().state == "suspended"
    device.live(60)
    assert pump.resume() == records.Resumed(66_000_000, 1250)
    new = records.Limits(30000, 20000, 40000, 90000)
    assert pump.set_limits(new) == records.LimitsChange(
        66_000_000, records.Limits(35000, 40000, 60000, 150000), new, "none"
    )
    assert pump.status().limits == new


def test_deliveries_are_read_page_by_page(pump, device):
    assert [each.kind for each in pump.deliveries()] == ["basal"]
    device.deliver(14)
    assert [each.id for each in pump.deliveries()] == list(range(1, 16))
    assert [each.id for each in pump.deliveries(13)] == [14, 15]
    page = pump.read_deliveries(1, 2)
    assert (page.oldest_id, page.newest_id, len(page.records)) == (1, 15, 2)
    assert (page.records[0].kind, page.records[0].reason) == ("normal_bolus", "completed")


@pytest.mark.req("LINK-1")
def test_the_first_request_says_hello_by_itself(pump):
    assert pump.status().frames_good == 4, "hello, open, identity before it"
    assert pump.identity is not None


@pytest.mark.req("LINK-1")
def test_another_schema_is_refused_with_both_hashes(pump, device, monkeypatch):
    ours = protocol.SCHEMA_HASH
    real = device.link.poll

    def other():
        monkeypatch.setattr(protocol, "SCHEMA_HASH", ours ^ 0xFF)
        try:
            return real()
        finally:
            monkeypatch.setattr(protocol, "SCHEMA_HASH", ours)

    device.link.poll = other
    with pytest.raises(SchemaMismatch, match=f"{ours ^ 0xFF:016x}.*{ours:016x}") as error:
        pump.set_basal(1250)
    assert (error.value.pump_hash, error.value.programmer_hash) == (ours ^ 0xFF, ours)
    assert device.done == []


def test_after_a_restart_questions_go_on_and_orders_are_handed_back(pump, device):
    pump.hello()
    device.restart()
    assert pump.status().state == "running"
    device.restart()
    with pytest.raises(Refused, match="has restarted") as error:
        pump.bolus(200)
    assert error.value.code == "other_life" and device.done == []
    pump.bolus(200)
    assert [each[0] for each in device.done] == ["bolus"]


@pytest.mark.req("LINK-3")
def test_questions_are_put_again_and_orders_too_but_done_once(pump, device):
    pump.hello()
    device.lose_replies = 2
    assert pump.status().state == "running"
    device.lose_replies = 2, MESSAGES["bolus"].id
    assert pump.bolus(200).delivery_id == 2
    assert device.done == [("bolus", 2, 200)]
    assert pump.status().orders_repeated == 0, "the session has sent its stored reply again"
    device.lose_replies = 6  # also in the session that is opened to ask again
    with pytest.raises(LinkTimeout, match=r"no answer to 'status' within 0\.5 s, 3 attempts; nothing came"):
        pump.status()


def test_the_pump_is_heard_through_noise(pump, device):
    device.before_reply = b"\x01\x02noise\0" + encode_frame(77, 0x82, b"stale")
    assert pump.status().state == "running"
    assert pump.link.frames_dropped and pump.link.replies_stale


@pytest.mark.req("LINK-1", "GUARD-1")
@pytest.mark.parametrize(
    ("order", "values", "code", "text"),
    [
        ("set_basal", (35050,), "hard_limit", "the rate, 35.05 U/h, is beyond the hard limit of 35.00 U/h"),
        ("set_basal", (1260,), "not_multiple", "the rate, 1.26 U/h, is not a multiple of 0.05 U/h"),
        ("bolus", (0,), "out_of_range", "the volume, 0.00 U, is below the least allowed, 0.001 U"),
    ],
)
def test_what_the_table_forbids_is_not_sent_and_refused_by_the_pump_if_it_is(device, order, values, code, text):
    with pytest.raises(InvalidRequest, match="not sent") as error:
        getattr(Programmer(device), order)(*values)
    assert error.value.code == code and text in str(error.value)
    assert device.commands.counters.frames_good == 0
    with pytest.raises(Refused, match="refused by the pump") as error:
        getattr(Programmer(device, check=False), order)(*values)
    assert error.value.code == code and text in str(error.value) and not isinstance(error.value, InvalidRequest)
    assert device.done == []


def test_what_the_table_forbids_is_found_before_anything_is_asked(pump, device):
    pump.require("bolus", volume_mu=200)
    with pytest.raises(InvalidRequest, match="greatest allowed, 480 min"):
        pump.require("square_bolus", volume_mu=200, duration_min=481)
    assert device.commands.counters.frames_good == 0


@pytest.mark.req("LINK-1")
def test_a_refusal_names_value_limit_and_unit(pump, device):
    with pytest.raises(Refused) as error:
        pump.bolus(2300)
    refused = error.value
    assert (refused.code, refused.field, refused.value, refused.limit, refused.unit) == (
        "not_whole_strokes",
        "volume_mu",
        2300,
        200,
        "mU",
    )
    assert str(refused).endswith("the volume, 2.30 U, is not a whole number of strokes of 0.20 U")
    pump.suspend()
    with pytest.raises(Refused, match="not possible while the pump is in the state 'suspended'"):
        pump.bolus(200)


@pytest.mark.parametrize("code", range(1, len(protocol.CODES)))
def test_every_refusal_code_has_a_text(code):
    text = str(Refused("bolus", code, "volume_mu", 1, 2, "mU"))
    assert text.startswith("bolus refused by the pump: ") and "{" not in text


def test_an_order_that_came_too_late_says_by_how_much():
    text = str(Refused("bolus", protocol.EXPIRED, "expires_us", 75_000_000, 10_000_000, "µs"))
    assert text.endswith("it came 1 min too late and was not carried out; look at the status, then give it again")


def test_a_time_out_tells_noise_from_silence(pump, device):
    device.lose_replies = 9
    pump.hello()
    device.before_reply = b"noise"
    with pytest.raises(LinkTimeout, match="15 bytes came, none of them a reply"):
        pump._request(MESSAGES["status"], b"")


def test_a_reply_that_does_not_fit_the_table_is_an_error_of_the_link(pump, device):
    pump.hello()
    device.commands.handle = lambda message_id, payload: (message_id | 0x80, b"\x01")
    with pytest.raises(BadReply, match="reply to 'status' does not fit"):
        pump.status()
    device.commands.handle = lambda message_id, payload: (0xFF, bytes([message_id]))
    with pytest.raises(BadReply, match="refusal of 'status' cannot be read"):
        pump.status()
    device.commands.handle = lambda message_id, payload: (0x86, b"\x01")
    with pytest.raises(HostError):
        pump.hello()
