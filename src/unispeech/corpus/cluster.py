"""A run on a Ray cluster: each actor has an engine, takes one share of the rows at a time, and
writes its parts into the output folder, which all nodes share.

Only the rows themselves, never sound or text, go through Ray's object store.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from unispeech.audio.decoding_process import decoding_in_children
from unispeech.corpus.parts import SETTINGS, Output
from unispeech.corpus.rows import Row, Shard
from unispeech.corpus.run import Limits, Tally, run, too_many
from unispeech.engine.engine import Engine
from unispeech.errors import OptionError, UnispeechError


class ClusterFailed(UnispeechError):
    """The cluster cannot be reached, or an actor failed."""

    code = "cluster_failed"


@dataclass(frozen=True)
class Actors:
    """The pool of engines."""

    at_least: int = 1
    at_most: int | None = None
    """None: as many as the cluster has processors for."""
    cpus: float = 2.0
    """Of each actor."""
    gpus: float = 0.0
    """Of each actor; several may share one."""


class Worker:
    """An actor: one engine, and the output as it finds it."""

    def __init__(self, engine: dict[str, Any], folder: str, form: str, limits: Limits) -> None:
        self._engine = Engine(**engine)
        self._folder = Path(folder)
        self._form = form
        self._limits = replace(limits, errors=None)  # the driver counts them

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[Any]]:
        """Transcribe one share. A part that another attempt has written is left as it is."""
        output = Output(self._folder, Shard(), self._form)
        output.look(json.loads((self._folder / SETTINGS).read_text("utf-8")))
        rows: list[Row] = pickle.loads(batch["rows"][0])
        with decoding_in_children(files=2):
            tally = run(self._engine, output.undone(iter(rows)), output, self._limits)
        return {"rows": [len(rows)], "failed": [tally.failed], "sound": [tally.sound]}


def run_on_ray(
    address: str | None,
    engine: dict[str, Any],
    rows: Iterable[Row],
    output: Output,
    limits: Limits,
    actors: Actors,
    on_row: Callable[[Tally], object],
    failed_before: int = 0,
) -> Tally:
    """Transcribe rows with the actors of a cluster. `engine` are the arguments of `Engine`.

    Raises:
        ClusterFailed: the cluster cannot be reached, or an actor failed. A share whose node is lost
            is tried again.
        TooManyErrors: more rows failed than `limits` allow.
        OptionError: the manifest holds the sound itself.
    """
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray
    import ray.data

    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        if not ray.is_initialized():
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ClusterFailed(f"the Ray cluster cannot be reached: {error}") from error
    available = ray.cluster_resources().get("CPU", 1)  # type: ignore[no-untyped-call]
    most = actors.at_most or max(int(available / actors.cpus), 1)
    items = [{"rows": share} for share in shares(rows, limits.rows, limits.seconds)]
    ray.data.DataContext.get_current().enable_progress_bars = False
    found = ray.data.from_items(items, override_num_blocks=max(len(items), 1)).map_batches(
        Worker,
        fn_constructor_args=(engine, str(output.folder.absolute()), output.form, limits),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=min(actors.at_least, most), max_size=most),
        num_cpus=actors.cpus,
        num_gpus=actors.gpus,
    )
    tally = Tally()
    try:
        for done in found.iter_rows():
            tally.rows += done["rows"]
            tally.failed += done["failed"]
            tally.sound += done["sound"]
            on_row(tally)
            if limits.are_exceeded(failed_before + tally.failed):
                raise too_many(failed_before + tally.failed, limits, output)
    except ray.exceptions.RayError as error:
        raise ClusterFailed(f"an actor failed: {str(error).strip().splitlines()[-1]}") from error
    return tally


def shares(rows: Iterable[Row], most: int, seconds: float) -> Iterator[bytes]:
    """Rows in shares of at most `most` rows and, where their length is stated, `seconds` of sound.

    Raises:
        OptionError: a row holds its sound.
    """
    share: list[Row] = []
    length = 0.0
    for row in rows:
        if row.content is not None and not isinstance(row.content, partial):
            raise OptionError(
                "the manifest holds the sound itself, which is not sent through a cluster",
                "give paths or tar shards",
            )
        own = (row.end - row.start if row.end is not None else row.stated) or 0.0
        if share and (len(share) == most or length + own > seconds):
            yield pickle.dumps(share)
            share, length = [], 0.0
        share.append(row)
        length += own
    if share:
        yield pickle.dumps(share)
