"""The data folder and its files are readable by the user of the server only."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from support.serving import Server
from unispeech.errors import OptionError, UnispeechError
from unispeech.server import settings
from unispeech.server.data_folder import make_private
from unispeech.server.storage.connection import check_sqlite

pytestmark = pytest.mark.skipif(os.name != "posix", reason="folders of a user are private")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_other_users_read_no_file_of_a_server(service: Server) -> None:
    data = service.folder / "data"
    assert mode(data) == 0o700
    paths = list(data.rglob("*"))
    assert any(path.name == "unispeech.sqlite" for path in paths)
    assert [path for path in paths if path.exists() and mode(path) & 0o077] == []


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    assert make_private(tmp_path / "a" / "b") == []
    assert mode(tmp_path / "a" / "b") == 0o700


def test_a_folder_of_an_older_version_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert make_private(tmp_path) == [] and mode(tmp_path) == 0o700


def test_the_folder_of_another_user_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 424_242)
    warnings = make_private(tmp_path)
    assert len(warnings) == 2 and "424242" in warnings[0] and mode(tmp_path) == 0o755
    tmp_path.chmod(0o700)
    assert len(make_private(tmp_path)) == 1


def test_a_second_server_of_another_user_is_told_whose_folder_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = settings.read(data_dir=tmp_path)
    (tmp_path / "jobs").touch()  # a folder that cannot be made, for root too
    with pytest.raises(OptionError) as alone:
        values.folder()
    monkeypatch.setattr(os, "geteuid", lambda: 424_242)
    with pytest.raises(OptionError) as other:
        values.folder()
    assert "belongs to" in other.value.message and "belongs to" not in alone.value.message


def test_an_sqlite_that_dbos_cannot_use_is_refused() -> None:
    check_sqlite((3, 11, 9), (3, 40, 1))
    check_sqlite((3, 12, 0), (3, 42, 0))
    with pytest.raises(UnispeechError, match=r"3\.40\.1"):
        check_sqlite((3, 12, 0), (3, 40, 1))
