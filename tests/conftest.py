"""What the tests share: the samples with their texts, and engines that are loaded once."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from unispeech.backends.loaded import LoadedModels
from unispeech.engine.engine import Engine
from unispeech.environments import folders

ENGINES = 6
"""Engines that are kept for further tests."""
DATA = os.environ.get("UNISPEECH_TEST_DATA")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of development recordings; visibly skipped where there is none."""
    if not DATA:
        pytest.skip("UNISPEECH_TEST_DATA is not set")
    return Path(DATA)


@pytest.fixture(scope="session")
def engine() -> Iterator[Callable[..., Engine]]:
    """`engine(backend, model, **options)`; equal ones are shared by the whole run.

    The one that was not asked for the longest goes when there are more than `ENGINES`: a run over
    every backend would hold 15 GB.
    """
    loaded: dict[str, Engine] = {}
    models = LoadedModels()

    def get(backend: str = "faster", model: str = "tiny.en", **options: object) -> Engine:
        key = repr((backend, model, sorted(options.items())))
        found = loaded.pop(key, None) or Engine(
            backend,
            model,
            models=models,
            **options,  # type: ignore[arg-type]
        )
        loaded[key] = found
        if len(loaded) > ENGINES:
            loaded.pop(next(iter(loaded))).close()
        return found

    yield get
    for one in loaded.values():
        one.close()
    models.close()


@pytest.fixture(scope="session")
def mms() -> Iterator[Engine]:
    """The small checkpoint of `small_mms.py`."""
    from support.small_mms import MODEL

    loaded = Engine("mms", str(MODEL))
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def random_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pyannote pipeline of RANDOM weights (`random_diarization.py`): the real ones have to be
    asked for."""
    environment = folders.find("whisperx")
    if environment is None:
        pytest.skip("the environment of whisperX is not installed")
    folder = tmp_path_factory.mktemp("diarization") / "random-weights"
    script = Path(__file__).parent / "support" / "random_diarization.py"
    command = [str(environment.python), "-P", "-W", "ignore", str(script), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def receiver() -> Iterator[Any]:
    """A webhook's other end, which fails the first time; `service` may tell it."""
    from support.serving import Receiver

    receiver = Receiver(failures=1)
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, receiver: Any) -> Iterator[Any]:
    """A server that all may use who need none of their own."""
    from support.serving import running

    folder = tmp_path_factory.mktemp("service")
    with running(
        folder,
        allowed_webhooks_file=receiver.allow(folder),
        max_duration=60,
        max_upload=8_000_000,
        base_url="https://speech.example",
        cors_origins="https://desk.example",
        idle_timeout=120,
    ) as server:
        yield server


@pytest.fixture(scope="session")
def http(service: Any) -> Iterator[Any]:
    """A client of `service`."""
    with service.client() as client:
        yield client


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, for the tests of one file."""
    from support.browsing import browser

    with browser() as launched:
        yield launched


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A new browser window without stored data."""
    from support.browsing import Tab

    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield Tab(context)
    context.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long form of a test is slow too, so that `-m "not slow"` leaves it out."""
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.slow)


REQUIRE_ALL = os.environ.get("UNISPEECH_REQUIRE_ALL") == "1"
MAY_BE_MISSING = ("UNISPEECH_TEST_DATA is not set",)
"""What even the full run may skip: recordings that are not ours to give away."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in _left_out(terminalreporter):
        terminalreporter.write_line(f"SKIPPED where nothing may be: {report.nodeid}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In the full run a skipped test is a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _left_out(reporter) and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left_out(reporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    if not REQUIRE_ALL:
        return []
    return [
        report
        for report in reporter.stats.get("skipped", [])
        if not any(reason in str(report.longrepr) for reason in MAY_BE_MISSING)
    ]
