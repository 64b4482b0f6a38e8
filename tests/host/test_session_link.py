"""The programmer's conversation with a pump whose link is sealed: opening, retries, restarts, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from host.api.client import Programmer
from host.api.link import decode_frame
from host.errors import Refused
from tests.host.sealed import Sealed

pytestmark = pytest.mark.req("SEC-1", "LINK-2", "HOST-3")


class Line(Sealed):
    """The same, with somebody on the line: `on_way(frame, to_pump)` returns what goes on, and sees all that went."""

    def __init__(self) -> None:
        self.seen: list[tuple[bool, bytes]] = []
        self.on_way: Callable[[bytes, bool], bytes] = lambda frame, to_pump: frame
        super().__init__()

    def write(self, data: bytes) -> None:
        self.live(0.3)  # so that the pump's plain answers are not too many in a second
        frames = [each for each in data.split(b"\0") if each]
        self.seen += [(True, each) for each in frames]
        data = b"".join(b"\0" + self.on_way(each, True) + b"\0" for each in frames)
        reply = self.feed(data)
        frames = [each for each in reply.split(b"\0") if each]
        self.seen += [(False, each) for each in frames]
        self.uart.sent += b"".join(self.on_way(each, False) + b"\0" for each in frames)

    def ids(self, to_pump: bool = True) -> list[int]:
        return [number(each) for way, each in self.seen if way == to_pump]


def number(frame: bytes) -> int:
    found = decode_frame(frame)
    return found[1] if found else -1


def dropping(count: int, message_id: int, to_pump: bool = False) -> Callable[[bytes, bool], bytes]:
    """Loses the first `count` frames of this message in this direction."""
    left = iter(range(count))
    return lambda frame, way: (
        b"" if way == to_pump and number(frame) == message_id and next(left, None) is not None else frame
    )


def test_a_session_takes_172_bytes_and_then_29_more_than_a_frame_s_payload() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("patient")) as pump:
        assert pump.hello().board == "HAND" and pump.development and pump.identity is not None
        assert pump.link.session is not None and pump.link.session.role == "patient"
        status = pump.status()
    assert status.state == "running"
    assert device.ids() == [1, 5, 6, 2] and device.ids(False) == [0x81, 0x85, 0x86, 0x82]
    assert sum(len(each) + 1 for _, each in device.seen[:4]) == 172
    assert len(device.seen[6][1]) + 1 == 29
    sent = b"".join(each for _, each in device.seen)
    assert b"HAND" not in sent, "nothing of the pump is readable on the line"


def test_every_part_of_the_pump_answers_in_a_session() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.set_basal(1000)
        assert pump.bolus(400).strokes == 2
        device.live(5)
        pump.telemetry(1, 10)
        device.live(2.5)
        device.uart.sent += device.uart.taken()
        heard = pump.listen(1)
        assert heard is not None and heard.bolus_delivered_mu == 400
        assert len(pump.read_log().events) == 6 and pump.link.frames_forged == 0


def test_a_lost_reply_is_asked_for_with_the_same_bytes_and_nothing_is_done_twice() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.set_basal(1000)
        device.seen.clear()
        device.on_way = dropping(2, 0x91)
        pump.bolus(400)
    orders = [each for way, each in device.seen if way and number(each) == 0x11]
    answers = [each for way, each in device.seen if not way and number(each) == 0x91]
    assert len(orders) == 3 and len(set(orders)) == 1 and len(answers) == 3 and len(set(answers)) == 1
    assert [each[0] for each in device.done].count("bolus") == 1
    assert device.commands.counters.orders_repeated == 0, "the session itself has answered again"


@pytest.mark.parametrize("lost", [1, 2])
@pytest.mark.parametrize(("message_id", "to_pump"), [(1, True), (0x81, False), (5, True), (0x85, False), (6, True)])
def test_an_opening_that_is_lost_is_tried_anew(message_id: int, to_pump: bool, lost: int) -> None:
    device = Line()
    device.on_way = dropping(lost, message_id, to_pump)
    with Programmer(device, keyring=device.keys()) as pump:
        assert pump.status().now_us and device.session.number() == pump.link.session.number  # type: ignore[union-attr]
    openings = [each for way, each in device.seen if way and number(each) == 5]
    assert len(set(openings)) == len(openings), "an opening is never sent twice: its challenge is used up"


def test_a_restart_of_the_pump_opens_a_new_session_by_itself() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        first = pump.status()
        old = pump.link.session
        device.restart()
        assert pump.status().resets == first.resets + 1
        assert old is not None and pump.link.session is not None and pump.link.session.number != old.number


def test_an_idle_session_is_opened_anew_by_itself() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("patient")) as pump:
        pump.status()
        device.live(601)
        pump.status()
        assert device.ids().count(5) == 2


def test_an_order_in_doubt_over_a_restart_is_settled_in_the_new_session() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.set_basal(1000)

        def cut(frame: bytes, to_pump: bool) -> bytes:
            if not to_pump and number(frame) == 0x91:
                device.on_way = lambda frame, to_pump: frame
                device.restart()
                return b""
            return frame

        device.on_way = cut
        started = pump.bolus(400)
        assert started.strokes == 2 and pump.uncertain is None
    assert [each[0] for each in device.done].count("bolus") == 1


def test_an_order_that_the_pump_lost_in_its_restart_is_not_done() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.set_basal(1000)

        def cut(frame: bytes, to_pump: bool) -> bytes:
            if to_pump and number(frame) == 0x11:
                device.on_way = lambda frame, to_pump: frame
                device.restart()
            return frame

        device.on_way = cut
        with pytest.raises(Refused) as found:
            pump.bolus(400)
        assert found.value.code == "other_life" and pump.uncertain is None
    assert "bolus" not in [each[0] for each in device.done]


def test_stop_goes_through_a_restart() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("patient")) as pump:
        pump.status()
        device.restart()
        pump.stop()
        assert pump.status().state == "stopped"
    assert [each[0] for each in device.done].count("stop") == 1


def test_a_stop_opens_its_session_first() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("patient")) as pump:
        pump.stop()
    assert device.ids() == [1, 5, 6, 0x18]


def test_an_order_after_a_long_pause_opens_another_session_and_is_carried_out_once() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("clinician")) as pump:
        pump.set_basal(1000)
        device.live(3600)
        assert pump.set_basal(2000).old_rate_mu_per_h == 1000
        device.live(3600)
        pump.bolus(400)
    assert [name for name, *_ in device.done] == ["set_basal", "set_basal", "bolus"]
    assert device.commands.counters.sessions == 3


def test_an_order_given_before_the_pump_restarted_is_not_sent_after_it() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("clinician")) as pump:
        pump.set_basal(1000)
        device.restart()
        with pytest.raises(Refused) as refused:
            pump.set_basal(2000)
    assert refused.value.code == "other_life"
    assert [name for name, *_ in device.done] == ["set_basal"]


def test_a_session_that_ends_between_the_two_steps_of_an_order_is_no_refusal() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys("clinician")) as pump:
        prepared = pump.prepare("set_basal", rate_mu_per_h=1000)
        device.live(100)
        assert prepared.confirm().new_rate_mu_per_h == 1000
        prepared = pump.prepare("set_basal", rate_mu_per_h=2000)
        device.session.forget()
        assert prepared.confirm().new_rate_mu_per_h == 2000

        def ending(before: int) -> Callable[[bytes, bool], bytes]:
            def on_way(frame: bytes, to_pump: bool) -> bytes:
                if to_pump and number(frame) == before:
                    device.session.forget()
                    device.on_way = lambda each, way: each
                return frame

            return on_way

        for ends_before, rate in ((0x10, 3000), (0x46, 4000), (0x03, 5000)):  # the order, prepare, read_time
            device.on_way = ending(ends_before)
            assert pump.set_basal(rate).new_rate_mu_per_h == rate
    assert device.done == [("set_basal", rate) for rate in (1000, 2000, 3000, 4000, 5000)]
