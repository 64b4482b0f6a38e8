"""The session's fuzz gate can see: the kept corpus finds these bugs, put in on purpose, without any further search."""

from pathlib import Path

import pytest

from tests.gates.core_copy import needs, session_copy
from tools.console import ROOT, Problem
from tools.core.session import fuzz
from tools.core.sources import CORE_DIR, SESSION_DIR, session_tests

# (file, what is there, what comes instead, the promise that is broken)
BUGS = {
    "challenge-kept": (
        "opening.c",
        "            drop_challenge(session);\n",
        "",
        "a challenge that was used is gone|an opening opens once",
    ),
    "tag-unchecked": (
        "opening.c",
        "if (right && (claim",
        "if ((right || true) && (claim",
        "damaged opening|its own challenge|only a key|noise",
    ),
    "provisioning-always": (
        "opening.c",
        "if ((wire == SLOT_PROVISION) && provisioning) {",
        "if (wire == SLOT_PROVISION) {",
        "only a key of the device",
    ),
    "small-order": (
        "opening.c",
        "if (grant(session, now_us, &claim, &noise, reply)) {",
        "if (!grant(session, now_us, &claim, &noise, reply)) {",
        "gets in",
    ),
    "stale-challenge": ("opening.c", "< QUOTA_CHALLENGE_US", "< (QUOTA_CHALLENGE_US * 900u)", "its own challenge"),
    "carried-out-twice": (
        "session.c",
        "(counter == live->last) ? SESSION_AGAIN : (int32_t)text_bytes",
        "(int32_t)text_bytes",
        "carried out once",
    ),
    "older-request": ("session.c", "(counter < live->last)", "false", "carried out once|their order"),
    "answered-twice": ("session.c", "        live->answered = 1u;\n", "", "answered once|answered"),
    "head-unbound": ("frames.c", "ad[2] = head.message_id;", "ad[2] = 0x20u;", "damaged frame|read its answer"),
    "revoked-goes-on": (
        "session.c",
        "    end_slot(session, slot);\n    slots_wipe",
        "    slots_wipe",
        "revoked programmer",
    ),
    "idle-goes-on": ("session.c", "((now_us - channel->heard_us) >= quota_idle_us(channel->role))", "false", "too old"),
    "key-without-room": (
        "session.c",
        "(text_bytes >= PRIMITIVE_KEY_BYTES)",
        "(text_bytes >= 3u)",
        "AddressSanitizer|runtime error|read its answer",
    ),
    "long-frame": (
        "session.c",
        "(payload_bytes <= FRAMES_PAYLOAD_MAX)",
        "(payload_bytes <= 255u)",
        "AddressSanitizer|runtime error",
    ),
    "crc-unchecked": ("framing.c", "crc_of(frame, checked) == bytes_get_u32(&frame[checked])", "true", "damaged frame"),
    "block-unchecked": ("framing.c", "(code <= (length - read))", "true", "damaged|AddressSanitizer|length or what"),
    "endless": ("framing.c", "(length + taken) < FRAMING_WIRE_MAX", "true", "AddressSanitizer"),
    "text-too-long": ("session.c", "(text_bytes <= FRAMES_TEXT_MAX)", "(text_bytes <= 235u)", "a kept reply has room"),
}


@needs("clang-19")
@pytest.mark.parametrize("name", BUGS)
def test_corpus_finds_it(name: str, tmp_path: Path) -> None:
    file, old, new, promise = BUGS[name]
    with pytest.raises(Problem, match=promise):
        fuzz.replay(session_copy(tmp_path, file, old, new), tmp_path / "work")


@needs("clang-19")
def test_the_session_keeps_its_promises(tmp_path: Path) -> None:
    assert fuzz.replay(work=tmp_path) > 100


def test_both_fuzzers_take_the_same_options_and_the_folder_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["fuzz", "replay", "--session", "other", "--seed", "7", "--workers", "2"])
    found = fuzz.options_of("session", ("replay",), SESSION_DIR)
    assert (found.what, found.folder, found.seed, found.workers, found.runs) == ("replay", Path("other"), 7, 2, -1)
    with pytest.raises(SystemExit):
        fuzz.options_of("dose core", ("replay",), CORE_DIR)


OTHERS = {"sanitizers", "micropython", "micropython_vectors", "target"}


def test_no_test_of_the_session_is_left_out_unless_it_is_named() -> None:
    files = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "session").glob("test_*.py")}
    run = [Path(each).stem.removeprefix("test_") for each in session_tests()]
    assert files - set(run) == OTHERS and len(run) == len(set(run))
    assert run[:2] == ["frames", "framing"] and run[-1] == "wycheproof"
    assert set(run) - {Path(each).stem.removeprefix("test_") for each in session_tests("second")} == {"second"}
