"""The comparison of links: each gets its messages through, the noise is one, and what is damaged is not taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from host.api.link import encode_frame
from tools.link_bench import links
from tools.link_bench.__main__ import measure
from tools.link_bench.channel import carry, damage
from tools.link_bench.measure import MESSAGE, PAYLOADS_BYTES, corrupted, damaged, noisy

OVERHEAD_BYTES = {links.Framing: (9, 9, 9), links.Sealed: (29, 29, 29), links.Mavlink: (12, 12, 12)}
OVERHEAD_BYTES |= {links.Signed: (25, 25, 25)}


@pytest.mark.parametrize("kind", links.LINKS, ids=lambda kind: kind.name)
def test_every_link_brings_its_messages_whole_or_in_pieces(kind: type[Any]) -> None:
    random, link = np.random.default_rng(1), kind()
    for number, size in enumerate(PAYLOADS_BYTES):
        message, wire = link.send(random.bytes(size))
        assert len(wire) - size == OVERHEAD_BYTES.get(kind, (31, 47, 92))[number]
        assert [each for byte in wire for each in link.feed(bytes([byte]))] == [message]


@pytest.mark.parametrize("kind", links.LINKS, ids=lambda kind: kind.name)
def test_noise_loses_frames_and_every_link_goes_on(kind: type[Any]) -> None:
    found = noisy(kind(), 64, 1e-3, 20_000, 1)
    assert found["hits"] > 100 and 0 < found["lost_per_hit"] < 3
    assert found["goodput_bytes_per_s"] > 1000
    quiet = noisy(kind(), 64, 0.0, 20_000, 1)
    assert (quiet["hits"], quiet["lost_per_hit"], quiet["wrong"]) == (0, 0.0, 0)


def test_the_line_is_the_same_for_all_and_hits_what_it_says() -> None:
    sent = bytes(range(256)) * 400
    assert carry(sent, 1e-3, 1) == carry(sent, 1e-3, 1) != carry(sent, 1e-3, 2)
    assert len(carry(sent, 1e-3, 1).hits) == pytest.approx(len(sent) * 1e-2, rel=0.1)
    random = np.random.default_rng(1)
    for _ in range(200):
        changed = sum(a != b for a, b in zip(sent[:64], damage(sent[:64], random), strict=True))
        assert 2 <= changed <= 8


@pytest.mark.req("SEC-1")
def test_no_corrupted_sealed_frame_is_taken() -> None:
    assert corrupted(20_000, 1) == {"frames": 20_000, "crc_let_through": 0, "tag_let_through": 0}
    assert corrupted(25, 1, session_frames=10)["frames"] == 25


@pytest.mark.nightly
@pytest.mark.req("SEC-1")
def test_no_corrupted_sealed_frame_of_ten_million_is_taken() -> None:
    assert corrupted(10_000_000, 2)["tag_let_through"] == 0


class _Open(links.Framing):
    """A link that checks nothing."""

    def feed(self, data: bytes) -> list[Any]:
        return [(0, MESSAGE, frame) for frame in data.split(b"\0") if frame]


def test_what_a_link_takes_by_mistake_is_counted() -> None:
    assert damaged(_Open(), 100, 1)["wrong"] >= 100
    assert noisy(_Open(), 16, 1e-3, 2_000, 1)["wrong"] > 0


def test_a_device_that_takes_everything_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sealed(links.Sealed):
        def __init__(self) -> None:
            super().__init__()
            self.device.open = lambda *frame: 0  # type: ignore[method-assign]

    monkeypatch.setattr("tools.link_bench.measure.Sealed", Sealed)
    with pytest.raises(ValueError, match="does not go on"):
        corrupted(10, 1)


@pytest.mark.req("SEC-1")
def test_a_session_costs_what_the_specification_allows_and_all_figures_are_there() -> None:
    found = measure(1, 100, 20, scale=0.01)
    assert found["verdict"] == "pass" and found["session_bytes"] <= 172
    assert [*found["links"]] == [kind.name for kind in links.LINKS]


def test_a_frame_of_another_sequence_is_another_message() -> None:
    link = links.Framing()
    message, wire = link.send(b"payload")
    assert link.feed(wire) == [message]
    assert link.feed(encode_frame(message[0] + 1, MESSAGE, b"payload")) != [message]
