"""The golden file of messages: a change of wording is one diff to review."""

from __future__ import annotations

from support import messages


def test_the_golden_file_holds_all_messages_that_users_see() -> None:
    assert messages.GOLDEN.read_text(encoding="utf-8") == messages.collect(), (
        "run: python tests/support/messages.py, and review the diff"
    )
