"""The server that tests of the page share unless they need settings of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.serving import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("page"), rate_limit="100000/minute") as server:
        yield server
