"""Keys are made, used, renewed and ended as SEC-1 and SEC-2 say, over resets and power cuts."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.storage import memory_map
from tests.firmware.hand import Hand
from tests.firmware.ram import PowerCut
from tests.firmware.session.guarded import PROVISIONING_SLOT, Guarded, key_of
from tests.session.programmer import Programmer

pytestmark = pytest.mark.req("SEC-1", "SEC-2")


def opened(found: Programmer | str) -> Programmer:
    assert isinstance(found, Programmer), found
    return found


def clinic() -> tuple[Guarded, bytes, Programmer]:
    """A pump, its card's key, a clinician with a session."""
    pump = Guarded()
    card = pump.provision()
    key, slot = pump.enrol(opened(pump.connect(card, 0, "card")), "clinician")
    return pump, card, opened(pump.connect(key, slot, "clinician"))


def test_a_pump_without_keys_is_provisioned_by_somebody_at_it_and_only_once() -> None:
    pump = Guarded()
    assert pump.connect(bytes(32), PROVISIONING_SLOT, "provisioning") == "not_open", "nobody is there"
    card = pump.provision()
    assert card != bytes(32) and pump.session.device_id() != bytes(8)
    pump.present = True
    assert pump.connect(bytes(32), PROVISIONING_SLOT, "provisioning") == "not_open"
    again = pump.restarted()
    again.present = True
    assert again.connect(bytes(32), PROVISIONING_SLOT, "provisioning") == "not_open", "after a reset too"
    assert opened(again.connect(card, 0, "card"))
    assert again.events(protocol.EVENT_PROVISIONED) == [(0, protocol.ROLE_CARD)]


def test_the_card_enrols_with_presence_and_stops_and_nothing_else() -> None:
    pump = Guarded()
    card = opened(pump.connect(pump.provision(), 0, "card"))
    assert pump.ask(card, "enrol", role=protocol.ROLE_PATIENT, label="a") == "no_presence"
    pump.present = True
    for role in (protocol.ROLE_SERVICE, protocol.ROLE_CARD, protocol.ROLE_BENCH, protocol.ROLE_PROVISIONING):
        assert pump.ask(card, "enrol", role=role, label="a") == "wrong_role"
    assert pump.keyring.fields(1)[0] == protocol.SLOT_FREE
    assert key_of(pump.ask(card, "enrol", role=protocol.ROLE_PATIENT, label="a"))
    pump.present = False
    assert pump.ask(card, "enrol", role=protocol.ROLE_PATIENT, label="b") == "no_presence", "once shown, one key"
    assert pump.ask(card, "bolus", volume_mu=200) == "wrong_role"
    assert pump.ask(card, "resume") == "wrong_role"
    assert pump.ask(card, "status") == "wrong_role"
    assert "at_us" in pump.ask(card, "suspend")
    assert "at_us" in pump.ask(card, "stop")


def test_a_key_opens_as_what_it_was_made_for_and_as_nothing_else() -> None:
    pump, _, clinician = clinic()
    key, slot = pump.enrol(clinician, "patient", "phone")
    assert pump.connect(key, slot, "clinician") == "not_open"
    assert pump.connect(key, slot + 1, "patient") == "not_open"
    patient = opened(pump.connect(key, slot, "patient"))
    assert pump.ask(patient, "set_basal", rate_mu_per_h=1000) == "wrong_role"
    assert pump.ask(patient, "enrol", role=protocol.ROLE_PATIENT, label="x") == "wrong_role"
    assert pump.ask(patient, "read_programmers") == "wrong_role"
    assert pump.ask(patient, "self_test") == "wrong_role"
    assert "delivery_id" in pump.ask(patient, "bolus", volume_mu=200)


def test_the_list_says_who_is_known_and_no_key_is_in_it() -> None:
    pump, card, clinician = clinic()
    key, slot = pump.enrol(clinician, "patient", "téléphone")
    listed = pump.ask(clinician, "read_programmers")["programmers"]
    assert [(each["slot"], each["state"], each["role"], each["label"]) for each in listed] == [
        (0, protocol.SLOT_IN_USE, protocol.ROLE_CARD, "card"),
        (1, protocol.SLOT_IN_USE, protocol.ROLE_CLINICIAN, "tablet"),
        (slot, protocol.SLOT_ENROLLED, protocol.ROLE_PATIENT, "téléphone"),
    ]
    assert listed[1]["last_used_utc_s"] > 0 and listed[2]["last_used_utc_s"] == 0
    assert card != key


def test_revoked_is_ended_at_once_and_for_good() -> None:
    pump, card, clinician = clinic()
    key, slot = pump.enrol(clinician, "patient")
    generation = pump.keyring.fields(slot)[2]
    assert pump.ask(clinician, "revoke", slot=slot, generation=generation + 1) == "no_such_slot"
    assert pump.ask(clinician, "revoke", slot=7, generation=0) == "no_such_slot"
    assert pump.ask(clinician, "revoke", slot=1, generation=pump.keyring.fields(1)[2]) == "own_slot"
    assert pump.ask(clinician, "revoke", slot=slot, generation=generation) == {}
    assert pump.connect(key, slot, "patient") == "not_open"
    pair = pump.hand.memory.cells[memory_map.SLOTS_AT + slot * 188 : memory_map.SLOTS_AT + (slot + 1) * 188]
    assert key not in pair and pair[4:94].count(0) > 80, "overwritten in both copies"
    again = pump.restarted()
    assert again.connect(key, slot, "patient") == "not_open"
    anew, same = again.enrol(opened(again.connect(card, 0, "card")), "patient")
    assert same == slot and again.keyring.fields(slot)[2] == generation + 1, "an old list does not name the new one"
    assert again.connect(key, slot, "patient") == "not_open"
    assert opened(again.connect(anew, slot, "patient"))


def test_a_session_of_a_revoked_key_ends_with_it() -> None:
    pump, _, clinician = clinic()
    key, slot = pump.enrol(clinician, "patient")
    patient = opened(pump.connect(key, slot, "patient"))
    assert isinstance(pump.ask(patient, "status"), dict)
    pump.keyring.revoke(slot)
    assert pump.ask(patient, "bolus", volume_mu=200) == "not_open"


def test_a_key_is_renewed_in_two_phases() -> None:
    pump, _, clinician = clinic()
    key, slot = pump.enrol(clinician, "patient")
    patient = opened(pump.connect(key, slot, "patient"))
    anew = key_of(pump.ask(patient, "rotate"))
    assert anew != key
    lost = pump.restarted()  # the reply may have been lost: the old key still opens
    assert opened(lost.connect(key, slot, "patient"))
    assert lost.ask(opened(lost.connect(anew, slot | 0x80, "patient")), "read_time")["life"]
    assert lost.connect(key, slot, "patient") == "not_open", "the first use of the new one ends the old"
    assert opened(lost.connect(anew, slot, "patient"))
    assert lost.connect(anew, slot | 0x80, "patient") == "not_open"


def test_slots_are_full_after_seven_programmers() -> None:
    pump, _, clinician = clinic()
    for _ in range(6):
        pump.enrol(clinician, "patient")
        pump.ask(clinician, "read_time")
    pump.present = True
    assert pump.ask(clinician, "enrol", role=protocol.ROLE_PATIENT, label="one more") == "slots_full"


def test_the_bench_enrols_whoever_a_clinician_could_and_needs_presence_too() -> None:
    pump, card, _ = clinic()
    pump.keyring.enrol(7, protocol.ROLE_BENCH, "bench", 0)
    bench = opened(pump.connect(bytes(pump.session.record(7)[24:56]), 7, "bench"))
    pump.keyring.hand_out = -1
    assert pump.ask(bench, "enrol", role=protocol.ROLE_PATIENT, label="a") == "no_presence"
    for role in ("patient", "clinician", "service", "card"):
        key, slot = pump.enrol(bench, role, role)
        assert opened(pump.connect(key, slot, role))
    pump.present = True
    for role in (protocol.ROLE_PROVISIONING, protocol.ROLE_BENCH):
        assert pump.ask(bench, "enrol", role=role, label="a") in ("wrong_role", "out_of_range")
    assert pump.connect(card, 0, "card") == "not_open"


def test_a_new_card_ends_the_old_one() -> None:
    pump, card, clinician = clinic()
    anew, slot = pump.enrol(clinician, "card", "card")
    assert slot == 0 and pump.connect(card, 0, "card") == "not_open"
    assert opened(pump.connect(anew, 0, "card"))


def test_a_service_engineer_is_known_for_a_day() -> None:
    pump, _, clinician = clinic()
    key, slot = pump.enrol(clinician, "service")
    service = opened(pump.connect(key, slot, "service"))
    assert pump.ask(service, "self_test")["passed"]
    pump.pass_s(86_400)
    assert pump.connect(key, slot, "service") == "not_open"
    assert pump.keyring.fields(slot)[0] == protocol.SLOT_FREE


def test_each_new_key_sounds_and_is_logged() -> None:
    pump, _, clinician = clinic()
    tones = len(pump.hand.tones_ms)
    _, slot = pump.enrol(clinician, "patient")
    assert len(pump.hand.tones_ms) > tones
    assert pump.events(protocol.EVENT_ENROLLED)[-1] == (slot, protocol.ROLE_PATIENT)
    pump.ask(clinician, "revoke", slot=slot, generation=pump.keyring.fields(slot)[2])
    assert pump.events(protocol.EVENT_REVOKED) == [(slot, protocol.ROLE_PATIENT)]


@pytest.mark.parametrize("name", ["enrol", "rotate", "revoke"])
def test_power_is_cut_at_every_write_of(name: str) -> None:
    """What was valid before stays valid, or is what the order made of it; nobody is locked out."""
    write = 0
    while True:
        pump, card, clinician = clinic()
        key, slot = pump.enrol(clinician, "patient")
        asker = clinician
        values: dict[str, object] = {}
        if name == "enrol":
            pump.present = True
            values = {"role": protocol.ROLE_PATIENT, "label": "second"}
        elif name == "revoke":
            values = {"slot": slot, "generation": pump.keyring.fields(slot)[2]}
        else:
            asker = opened(pump.connect(key, slot, "patient"))
            pump.ask(asker, "read_time")
        write += 1
        pump.hand.memory.cut_write, pump.hand.memory.cut_bytes = len(pump.hand.memory.writes) + write, 7
        try:
            done = pump.ask(asker, name, **values)
        except PowerCut:
            done = None
        pump.hand.memory.cut_write = 0
        again = pump.restarted()
        assert opened(again.connect(card, 0, "card"))
        still = again.connect(key, slot, "patient")
        if name != "revoke":
            assert opened(still)
        elif done is not None:
            assert still == "not_open"
        if done is not None:
            break
    assert write > 2


def test_a_memory_that_fails_makes_no_programmer_and_one_that_is_absent_opens_to_nobody() -> None:
    pump, card, clinician = clinic()
    pump.present = True
    pump.hand.memory.failing = True
    assert pump.ask(clinician, "enrol", role=protocol.ROLE_PATIENT, label="a") == "memory_failed"
    assert pump.keyring.fields(2)[0] == protocol.SLOT_FREE
    assert pump.ask(clinician, "enrol", role=protocol.ROLE_CARD, label="card") == "memory_failed"
    assert opened(pump.connect(card, 0, "card")), "a new card that could not be stored does not void the old one"
    pump.hand.memory.failing = False
    assert opened(pump.restarted().connect(card, 0, "card"))
    absent = pump.hand
    absent.memory.absent = True
    dark = Guarded(Hand(absent.memory, absent.rtc))
    dark.present = True
    found = dark.take(0x01, protocol.SCHEMA_HASH.to_bytes(8, "little"))
    assert found is None, "no random numbers, no challenge"


@pytest.mark.parametrize("role", ["patient", "card"])
def test_a_key_that_is_half_stored_is_nobody_s_and_its_slot_is_free_again(role: str) -> None:
    pump, _, clinician = clinic()
    pump.present = True
    memory, nvm = pump.hand.memory, pump.hand.journal.nvm
    write = nvm.write
    slot = 0 if role == "card" else 2
    copies = iter((False, True))

    def second_fails(address: int, data: bytes) -> None:
        here = memory_map.SLOTS_AT + slot * 188 <= address < memory_map.SLOTS_AT + (slot + 1) * 188
        memory.failing = here and next(copies, True)
        write(address, data)

    nvm.write = second_fails  # type: ignore[method-assign]
    assert pump.ask(clinician, "enrol", role=protocol.ROLES.index(role), label="a") == "memory_failed"
    assert pump.keyring.fields(slot)[0] == protocol.SLOT_FREE and pump.keyring.behind(slot)
    nvm.write, memory.failing = write, False  # type: ignore[method-assign]
    pump.pass_s(3601)
    assert not pump.keyring.behind(slot)
    again = pump.restarted()
    assert again.keyring.fields(slot)[0] == protocol.SLOT_FREE


def test_challenges_never_come_again_whatever_power_does() -> None:
    pump = Guarded()
    pump.provision()
    seen = {pump.hello()}
    for cut in range(1, 9):
        memory, rtc = pump.hand.memory, pump.hand.rtc
        memory.cut_write, memory.cut_bytes = len(memory.writes) + cut, 5
        try:
            pump = Guarded(Hand(memory, rtc))
        except PowerCut:
            memory.cut_write = 0
            pump = Guarded(Hand(memory, rtc))
        memory.cut_write = 0
        for _ in range(2):
            pump.pass_s(11)
            challenge = pump.hello()
            assert challenge not in seen
            seen.add(challenge)


def test_a_bolus_ordered_over_the_link_is_heard_once_and_a_refused_one_is_not() -> None:
    pump, _, clinician = clinic()
    tones = len(pump.hand.tones_ms)
    assert pump.ask(clinician, "bolus", volume_mu=300) == "not_whole_strokes"
    assert len(pump.hand.tones_ms) == tones
    assert "delivery_id" in pump.ask(clinician, "bolus", volume_mu=200)
    assert pump.hand.tones_ms[tones:] == [200]
