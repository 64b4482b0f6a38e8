"""The session's tests again under AddressSanitizer and UndefinedBehaviorSanitizer; and that these would bark."""

from __future__ import annotations

from pathlib import Path

import pytest

from c_ext.host.build import build_session
from tests.core.test_sanitizers import CFLAGS, run
from tests.gates.core_copy import session_copy
from tools.core.sources import session_tests

POKE = """
import sys
from pathlib import Path
from c_ext.host.build import load
from c_ext.host.session_face import bind
from tests.session.device import Device
device = Device(cls=bind(load(Path(sys.argv[1]))))
device.ask(device.connect(device.programmer()), bytes(227))
print("survived")
"""


def test_the_tests_are_clean() -> None:
    # Compiled here: the compiler itself is not to run under the preloaded library.
    build_session(cc="gcc", cflags=CFLAGS)
    files = session_tests("second")  # which has another extension made beside it
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("uint8_t kept[FRAMES_PAYLOAD_MAX];", "uint8_t kept[100];"),
        ("bytes_copy(session->reply, payload, sealed_bytes);", "bytes_copy(session->reply, payload, 1000u);"),
    ],
)
def test_a_bug_barks(tmp_path: Path, old: str, new: str) -> None:
    broken = session_copy(tmp_path, "session.c", old, new)
    done = run("-c", POKE, str(build_session(broken, "gcc", CFLAGS)))
    assert "survived" not in done.stdout
    assert "runtime error" in done.stderr or "AddressSanitizer" in done.stderr, done.stderr[-2000:]
