"""A pooler between the service and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from support import postgres
from support.errors import raises
from unispeech.errors import OptionError
from unispeech.server import settings
from unispeech.server.storage.connection import create_engine, is_pooled


@postgres.NEEDED
def test_a_pooler_is_noticed_and_needs_no_prepared_statements(tmp_path: Path) -> None:
    with postgres.postgres(tmp_path) as server, postgres.pooled(server, tmp_path) as url:
        direct = create_engine(server.url)
        assert not is_pooled(direct)
        direct.dispose()
        pooled = create_engine(url)
        assert is_pooled(pooled)
        for number in range(12):  # a driver prepares what it has run five times
            with pooled.connect() as one, pooled.connect() as other:
                for connection in (one, other):
                    query = sa.text("SELECT CAST(:number AS integer)")
                    assert connection.scalar(query, {"number": number}) == number
                    connection.rollback()
        pooled.dispose()


def test_sqlite_has_no_pooler() -> None:
    assert not is_pooled(create_engine("sqlite://"))


def test_a_queue_without_its_database_is_refused(tmp_path: Path) -> None:
    with raises(OptionError, "queue_database_url: needs UNISPEECH_DATABASE_URL"):
        settings.read(data_dir=tmp_path, queue_database_url="postgresql://db/x")
    both = settings.read(data_dir=tmp_path, database_url="postgresql://pool/x")
    assert both.queue_database == "postgresql://pool/x"


@pytest.mark.parametrize("direct", ["", "postgresql://db/x"])
def test_the_queue_has_the_direct_url(tmp_path: Path, direct: str) -> None:
    found = settings.read(
        data_dir=tmp_path, database_url="postgresql://pool/x", queue_database_url=direct
    )
    assert found.queue_database == (direct or "postgresql://pool/x")
