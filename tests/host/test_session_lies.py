"""What a programmer makes of a line on which somebody lies, and of keys that a pump does not know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmware import protocol
from host.api.client import MESSAGES, Programmer
from host.api.link import decode_frame, encode_frame
from host.errors import BadReply, LinkTimeout, OrderLost, OrderUncertain, SchemaMismatch
from host.session.errors import NoKey, SessionRefused
from host.session.key import Key
from host.session.keyring import Keyring
from tests.host.test_session_link import Line, number

pytestmark = pytest.mark.req("SEC-1", "LINK-2", "HOST-3")


def test_what_is_forged_is_noise() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.status()

        def with_forgeries(frame: bytes, to_pump: bool) -> bytes:
            if to_pump:
                return frame
            found = decode_frame(frame)
            assert found is not None
            sequence, message_id, payload = found
            forged = [
                encode_frame(sequence, message_id, payload[:-1] + bytes([payload[-1] ^ 1])),
                encode_frame(sequence, 0xFF, bytes([message_id & 0x7F]) + bytes([protocol.WRONG_STATE]) + bytes(17)),
                encode_frame(sequence, 0xFF, bytes([message_id & 0x7F]) + bytes(50)),
                encode_frame(sequence, message_id, b"plain"), encode_frame(0, 0xFE, bytes(100)),
                encode_frame(sequence, message_id, b""),
            ]  # fmt: skip
            return b"".join(forged) + frame

        device.on_way = with_forgeries
        assert pump.status().state and pump.link.frames_forged == 6 and not pump.link.told


def test_a_forged_word_that_there_is_no_session_costs_a_new_one_and_nothing_else() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.set_basal(1000)
        order = MESSAGES["bolus"].id
        no_session = protocol.refusal(order, protocol.NOT_OPEN)

        def lying(frame: bytes, to_pump: bool) -> bytes:
            if to_pump or number(frame) != order | 0x80:
                return frame
            device.on_way = lambda frame, to_pump: frame
            found = decode_frame(frame)
            assert found is not None
            return encode_frame(found[0], 0xFF, no_session)[:-1]

        device.on_way = lying
        assert pump.bolus(400).strokes == 2, "the pump has done it, and that is what is told"
    assert [each[0] for each in device.done].count("bolus") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"key": Key(bytes(32))},
        {"slot": 1},
        {"slot": 7},
        {"role": "service"},
        {"role": "patient"},
        {"device_id": bytes(8)},
    ],
)
def test_a_key_that_the_pump_does_not_know_is_told_in_one_text(change: dict[str, object]) -> None:
    device = Line()
    stranger = replace(device.identities["clinician"], **change)  # type: ignore[arg-type]
    told = set()
    with Programmer(device, keyring=Keyring("clinician", stranger)) as pump:
        with pytest.raises(SessionRefused) as found:
            pump.bolus(400)
        told.add(str(found.value))
    assert len(told) == 1 and "of another pump, was revoked, or somebody keeps the pump's line busy" in told.pop()
    assert device.ids() == [1, 5, 1, 5, 1, 5] and device.done == []


def test_no_key_is_told_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    device = Line()
    with Programmer(device) as pump:
        with pytest.raises(NoKey, match="no key named 'default'"):
            pump.status()
        with pytest.raises(NoKey):
            pump.stop()
    assert set(device.ids()) <= {1, 0x18} and device.done == []


def test_a_pump_that_answers_nothing_is_a_time_out() -> None:
    device = Line()
    device.on_way = lambda frame, to_pump: b"" if number(frame) == 0x85 else frame
    with Programmer(device, keyring=device.keys()) as pump, pytest.raises(LinkTimeout, match="no answer to 'open'"):
        pump.status()
    assert device.ids() == [1, 5, 1, 5, 1, 5]


@pytest.mark.parametrize(("at", "value"), [(8, 2), (9, 2), (9, 0x82), (9, 0)])
def test_another_session_s_version_is_refused(at: int, value: int) -> None:
    device = Line()

    def other(frame: bytes, to_pump: bool) -> bytes:
        found = decode_frame(frame)
        assert found is not None
        if found[1] != 0x81:
            return frame
        payload = bytearray(found[2])
        payload[at] = value
        return encode_frame(found[0], found[1], bytes(payload))[:-1]

    device.on_way = other
    with Programmer(device, keyring=device.keys()) as pump, pytest.raises(BadReply, match="of the session"):
        pump.status()
    assert device.ids() == [1], "no key is tried"


def test_a_suite_or_a_schema_changed_on_the_way_opens_nothing() -> None:
    device = Line()

    def lowered(at: int) -> Callable[[bytes, bool], bytes]:
        def change(frame: bytes, to_pump: bool) -> bytes:
            found = decode_frame(frame)
            assert found is not None
            payload = bytearray(found[2])
            if found[1] == 0x81:
                payload[at] ^= 0x80
            return encode_frame(found[0], found[1], bytes(payload))[:-1]

        return change

    with Programmer(device, keyring=device.keys()) as pump:
        device.on_way = lowered(9)  # a development image that says it is none
        with pytest.raises(SessionRefused):
            pump.status()
        device.on_way = lowered(0)
        with pytest.raises(SchemaMismatch):
            pump.status()
        device.on_way = lowered(17)  # another challenge
        with pytest.raises(SessionRefused):
            pump.status()


def test_a_line_that_dies_in_an_order_leaves_it_uncertain() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.set_basal(1000)
        device.on_way = lambda frame, to_pump: frame if to_pump or number(frame) in (0x83, 0xC6) else b""
        with pytest.raises(OrderUncertain):
            pump.bolus(400)
        assert pump.uncertain is not None
        device.on_way = lambda frame, to_pump: frame
        device.restart()
        settled = pump.settle()
        assert settled is not None and settled["strokes"] == 2
        device.on_way = lambda frame, to_pump: b"" if to_pump and number(frame) == 0x11 else frame
        with pytest.raises(OrderLost):
            pump.bolus(400)


def test_a_session_used_up_is_followed_by_another() -> None:
    device = Line()
    with Programmer(device, keyring=device.keys()) as pump:
        pump.status()
        assert pump.link.session is not None
        pump.link.session._next = 1 << 20
        pump.status()
        assert device.ids().count(5) == 2


def test_the_roles_of_keys_are_those_of_the_link() -> None:
    from host.session.keys import ROLES

    assert ROLES[1:] == protocol.ROLES[1:]


def test_a_stop_that_may_have_been_carried_out_is_not_told_refused() -> None:
    """Its answer is lost twice to somebody who says that there is no session; what the pump did nobody has said."""
    device = Line()
    stop = MESSAGES["stop"].id
    with Programmer(device, keyring=device.keys("patient")) as pump:
        pump.status()
        no_session = protocol.refusal(stop, protocol.NOT_OPEN)

        def lying(frame: bytes, to_pump: bool) -> bytes:
            if to_pump or number(frame) != stop | 0x80:
                return frame
            found = decode_frame(frame)
            assert found is not None
            return encode_frame(found[0], 0xFF, no_session)[:-1]

        device.on_way = lying
        with pytest.raises(OrderUncertain, match="Give it again"):
            pump.stop()
        device.on_way = lambda frame, to_pump: frame
        assert pump.status().state == "stopped"


@pytest.mark.parametrize("length", [0, 8, 17, 19, 60])
def test_an_offer_of_another_length_in_a_second_attempt_is_an_error_of_the_programmer_s_own(length: int) -> None:
    device = Line()

    def second(frame: bytes, to_pump: bool) -> bytes:
        found = decode_frame(frame)
        assert found is not None
        if found[1] == 0x85:
            return b""  # so that it says hello again
        if found[1] != 0x81 or device.ids().count(1) == 1:
            return frame
        return encode_frame(found[0], found[1], (found[2] + bytes(60))[:length])[:-1]

    device.on_way = second
    with Programmer(device, keyring=device.keys()) as pump, pytest.raises(BadReply, match="an offer of a session"):
        pump.status()
    assert device.ids() == [1, 5, 1]
