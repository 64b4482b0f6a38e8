"""docs/protocol.md says what the message table says."""

from pathlib import Path

import pytest

from firmware import protocol
from tools.docs.protocol import main, tables, with_tables

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"


@pytest.mark.req("LINK-1")
def test_the_document_is_up_to_date():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run: python -m tools.docs.protocol docs/protocol.md"


def test_every_message_and_code_is_listed():
    text = tables()
    for message in protocol.MESSAGES:
        assert f"### {message.name} (0x{message.id:02X})" in text
    for name in protocol.CODES[1:]:
        assert f"`{name}`" in text
    assert "0 to 35000, step 50, hard" in text


def test_a_document_is_rewritten_between_its_markers_only(tmp_path):
    file = tmp_path / "a.md"
    text = DOCUMENT.read_text(encoding="utf-8")
    file.write_text(text.replace("### refusal codes", "outdated"), encoding="utf-8")
    main(str(file))
    assert file.read_text(encoding="utf-8") == text
    with pytest.raises(ValueError, match="markers"):
        with_tables("nothing here")
