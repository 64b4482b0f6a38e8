"""Two copies of a record, one rule at a time."""

from __future__ import annotations

import pytest

from firmware.errors import MemoryAbsent
from firmware.storage.slots import BOTH, NOTHING, ONE, OVERHEAD_BYTES, TwoSlots
from tests.firmware.ram import RamNvm

pytestmark = [pytest.mark.req("STORE-1", "STORE-2", "STORE-3")]
PAYLOAD, AT = 24, 64
SIZE = PAYLOAD + OVERHEAD_BYTES


def written(*payloads: bytes) -> tuple[RamNvm, TwoSlots]:
    nvm = RamNvm(256)
    record = TwoSlots(nvm, AT, PAYLOAD)
    for payload in payloads:
        record.payload[:] = payload * PAYLOAD
        record.write()
    return nvm, record


@pytest.mark.parametrize("copy", [0, 1])
def test_every_single_bit_of_either_copy_counts(copy: int) -> None:
    nvm, _ = written(b"a", b"b")
    for bit in range(SIZE * 8):
        nvm.flip(AT + copy * SIZE + bit // 8, bit % 8)
        record = TwoSlots(nvm, AT, PAYLOAD)
        assert record.read() == ONE
        assert (record.sequence, bytes(record.payload)) == (2, b"b" * PAYLOAD)
        assert record.finished, "a copy that is damaged may have been whole when write() returned"
        nvm.flip(AT + copy * SIZE + bit // 8, bit % 8)
    assert len({NOTHING, ONE, BOTH}) == 3


def test_a_write_that_has_not_returned_is_known_by_the_older_copy() -> None:
    nvm, record = written(b"a")
    before = bytes(nvm.cells)
    record.payload[:] = b"b" * PAYLOAD
    record.write()
    nvm.cells[AT + SIZE : AT + 2 * SIZE] = before[AT + SIZE : AT + 2 * SIZE]
    again = TwoSlots(nvm, AT, PAYLOAD)
    assert again.read() == ONE and not again.finished
    assert (again.sequence, bytes(again.payload)) == (2, b"b" * PAYLOAD)
    again.payload[:] = b"c" * PAYLOAD
    writes = len(nvm.writes)
    again.write()
    assert [address for address, _ in nvm.writes[writes:]] == [AT + SIZE, AT], "the older one first"
    assert TwoSlots(nvm, AT, PAYLOAD).read() == BOTH


@pytest.mark.parametrize("older", [0, 1])
def test_a_second_copy_that_fails_is_the_first_of_the_next_write_and_nothing_else_is_touched(older: int) -> None:
    nvm, _ = written(b"a", b"b")
    nvm.flip(AT + older * SIZE + 9)
    record = TwoSlots(nvm, AT, PAYLOAD)
    assert record.read() == ONE
    around = bytes(nvm.cells[:AT]), bytes(nvm.cells[AT + 2 * SIZE :])
    write, addresses = record._nvm.write, []

    class Fails:
        """Takes the first write and no second."""

        def write(self, address: int, data: bytes) -> None:
            addresses.append(address)
            if len(addresses) == 2:
                raise MemoryAbsent(0)
            write(address, data)

        read_into = nvm.read_into

    record._nvm = Fails()
    with pytest.raises(MemoryAbsent):
        record.write()
    record.write()
    place, other = AT + older * SIZE, AT + (1 - older) * SIZE
    assert addresses == [place, other, other, place]
    assert (bytes(nvm.cells[:AT]), bytes(nvm.cells[AT + 2 * SIZE :])) == around


def test_of_two_damaged_copies_nothing_is_believed_and_numbers_begin_anew() -> None:
    nvm, record = written(b"a", b"b", b"c")
    for copy in (0, 1):
        nvm.flip(AT + copy * SIZE + 5)
    assert record.read() == NOTHING and record.sequence == 0
    record.write()
    assert record.read() == BOTH and record.sequence == 1


@pytest.mark.parametrize("blank", [b"\0", b"\xff"])
@pytest.mark.parametrize("copy", [0, 1])
def test_a_part_that_is_new_in_one_copy_was_never_written_to_its_end(copy: int, blank: bytes) -> None:
    nvm, record = written(b"a")
    nvm.cells[: len(nvm.cells)] = bytes(range(256))
    assert not record.any_blank()
    nvm.cells[AT + copy * SIZE : AT + (copy + 1) * SIZE] = blank * SIZE
    assert record.any_blank()
    nvm.cells[AT + copy * SIZE + 3] ^= 4
    assert not record.any_blank()
