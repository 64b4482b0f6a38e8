"""Enrolling, listing, revoking, rotating and provisioning: the API against the whole pump."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from firmware import protocol
from host import console
from host.api.client import Programmer
from host.api.link import decode_frame
from host.api.provisioning import provision
from host.errors import Refused
from host.session import card, keys
from host.session.errors import KeyNotReceived, NotProvisioned, SessionRefused
from host.session.keyring import Keyring
from host.session.keys import Identity
from tests.host.sealed import Sealed

pytestmark = pytest.mark.req("SEC-1", "SEC-2", "HOST-1")


class Desk(Sealed):
    """The same; time passes between frames, so that the pump's plain answers are not too many in a second."""

    def write(self, data: bytes) -> None:
        self.live(0.3)
        super().write(data)


def enrolled(device: Sealed, role: str = "patient", by: str = "clinician", name: str = "new") -> Identity:
    device.present = True
    new = Programmer(device, keyring=device.keys(by)).enrol(role, name)
    return Identity(name, new.device_id, new.slot, role, name, new.generation, new.key)


@pytest.mark.parametrize(
    ("by", "roles"), [("card", ("patient", "clinician")), ("clinician", ("patient", "clinician", "service"))]
)
def test_a_programmer_that_was_enrolled_opens_a_session_with_its_role(by: str, roles: tuple[str, ...]) -> None:
    device = Desk()
    for role in roles:
        new = enrolled(device, role, by)
        pump = Programmer(device, keyring=Keyring("new", new))
        assert pump.status().state == "running"
        assert pump.link.session is not None and pump.link.session.role == role
        if role == "service":
            with pytest.raises(Refused, match="role"):
                pump.bolus(200)


def test_who_may_not_enrol_and_where_nobody_is_there() -> None:
    device = Desk()
    before = Programmer(device, keyring=device.keys()).read_programmers()
    for by, role, code in (
        ("patient", "patient", "wrong_role"), ("card", "service", "wrong_role"),
        ("clinician", "patient", "no_presence"),
    ):  # fmt: skip
        with pytest.raises(Refused) as found:
            Programmer(device, keyring=device.keys(by)).enrol(role, "x")
        assert found.value.code == code
    assert (
        [each.slot for each in Programmer(device, keyring=device.keys()).read_programmers()]
        == [0, 1, 2]
        == [each.slot for each in before]
    )


def test_the_list_and_revoking_the_lost_one() -> None:
    device = Desk()
    new = enrolled(device)
    pump = Programmer(device, keyring=device.keys())
    shown = pump.read_programmers()
    assert [(each.slot, each.role, each.label, each.state) for each in shown] == [
        (0, "card", "card", "enrolled"), (1, "patient", "pat", "enrolled"), (2, "clinician", "cli", "in_use"),
        (3, "patient", "new", "enrolled"),
    ]  # fmt: skip
    assert shown[2].last_used_utc_s == 1_767_225_600 and shown[3].last_used_utc_s is None
    assert not any(each.used_next for each in shown)
    patient = Programmer(device, keyring=device.keys("patient"))
    patient.status()
    patient._key_of("rotate")
    assert [each.used_next for each in pump.read_programmers()] == [False, True, False, False]
    with pytest.raises(Refused) as found:
        pump.revoke(3, new.generation + 1)
    assert found.value.code == "no_such_slot"
    pump.revoke(3, new.generation)
    for code, slot in (("no_such_slot", 3), ("own_slot", 2)):
        with pytest.raises(Refused) as found:
            pump.revoke(slot, 1)
        assert found.value.code == code
    with pytest.raises(SessionRefused):
        Programmer(device, keyring=Keyring("new", new)).status()
    again = enrolled(device)
    assert again.slot == 3 and again.generation > new.generation and again.key != new.key


def test_eight_slots_and_no_more() -> None:
    device = Desk()
    for slot in range(3, 8):
        assert enrolled(device).slot == slot
    with pytest.raises(Refused) as found:
        enrolled(device)
    assert found.value.code == "slots_full"


@pytest.mark.parametrize("restart", [False, True])
def test_a_rotation_that_breaks_off_anywhere_leaves_a_key_that_opens(
    restart: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The line dies after each number of frames; the pump may restart there too."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    ended = set()
    for frames in range(1, 30):
        device = Desk()
        name = f"key{frames}"
        old = replace(device.identities["clinician"], name=name)
        keys.save(old)
        pump = Programmer(device, keyring=Keyring(name))
        pump.status()
        left = [frames]
        write = device.write

        def dying(data: bytes, device=device, write=write, left=left) -> None:  # type: ignore[no-untyped-def]
            left[0] -= 1
            if left[0] > 0:
                write(data)
            elif left[0] == 0:
                write(data)
                device.uart.taken()

        device.write = dying  # type: ignore[method-assign]
        try:
            pump.rotate()
            ended.add("whole")
        except Exception as error:
            ended.add(type(error).__name__)
        device.write = write  # type: ignore[method-assign]
        if restart:
            device.restart()
        again = Programmer(device, keyring=Keyring(name))
        assert again.status().state == "running", frames
        kept = keys.load(name)
        assert kept.next is None
        if left[0] > 0:
            assert kept.key != old.key
            with pytest.raises(SessionRefused):
                Programmer(device, keyring=Keyring("old", old)).status()
            break
    assert "whole" in ended and "KeyNotReceived" in ended


def test_a_key_that_did_not_arrive_is_told_and_not_asked_for_twice() -> None:
    device = Desk()
    device.present = True
    pump = Programmer(device, keyring=device.keys())
    pump.status()
    write = device.write

    def lost(data: bytes) -> None:
        write(data)
        device.uart.taken()

    device.write = lost  # type: ignore[method-assign]
    with pytest.raises(KeyNotReceived, match="Look with pump programmers for a slot that nobody has used"):
        pump.enrol("patient", "x")
    device.present = True
    with pytest.raises(KeyNotReceived, match="pump card lost") as card_lost:
        pump.enrol("card", "card")
    assert "revoke" not in str(card_lost.value), "that would leave the pump without one"
    with pytest.raises(KeyNotReceived, match="The one from before holds: pump rotate"):
        pump.rotate()
    device.write = write  # type: ignore[method-assign]
    with pytest.raises(SessionRefused):
        Programmer(device, keyring=device.keys("card")).stop()
    assert [each.slot for each in Programmer(device, keyring=device.keys()).read_programmers()] == [0, 1, 2, 3]


def test_provisioning_makes_a_card_and_programmers() -> None:
    device = Desk(provisioned=False)
    shown = []

    def presence() -> None:
        device.present = True
        shown.append(True)

    made = provision(device, presence, (("default", "clinician", "c"), ("patient", "patient", "p")))
    assert len(shown) == 3 and any(made.device_id) and [each.slot for each in made.programmers] == [1, 2]
    for identity in made.programmers:
        assert identity.device_id == made.device_id
        assert Programmer(device, keyring=Keyring(identity.name, identity)).status().state == "running"
    assert Programmer(device, keyring=Keyring("card", card.identity(made.card))).stop()
    with pytest.raises(NotProvisioned, match="it has some already"):
        provision(device, presence)
    other = Desk(provisioned=False)
    other.present = True
    assert provision(other, lambda: None, ()).card != made.card


def test_without_presence_nothing_is_provisioned() -> None:
    device = Desk(provisioned=False)
    with pytest.raises(NotProvisioned, match="press its button"):
        provision(device, lambda: None)


def test_a_frame_of_a_key_is_sealed() -> None:
    device = Desk()
    seen: list[bytes] = []
    read = device.read

    def listens(timeout_s: float) -> bytes:
        data = read(timeout_s)
        seen.append(data)
        return data

    device.read = listens  # type: ignore[method-assign]
    new = enrolled(device)
    payloads = [found[2] for data in seen for frame in data.split(b"\0") if (found := decode_frame(frame))]
    assert payloads and not any(new.key.secret() in each for each in payloads)
    assert protocol.BY_ID[0x40].name == "enrol" and console.connected
