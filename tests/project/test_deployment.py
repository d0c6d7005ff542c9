"""The Kubernetes manifests and systemd units are valid and name what exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from support.samples import ROOT
from unispeech.cli import COMMANDS, cli
from unispeech.server import settings
from unispeech.server.observe import metrics

MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())


def documents() -> Iterator[Any]:
    for path in MANIFESTS:
        yield from yaml.safe_load_all(path.read_text("utf-8"))


def containers() -> Iterator[Any]:
    for document in documents():
        if document["kind"] == "Deployment":
            yield from document["spec"]["template"]["spec"]["containers"]


def check(command: list[str]) -> None:
    """The program knows a command and its flags."""
    name, *arguments = command
    assert name in COMMANDS
    found = cli.get_command(cli.make_context("unispeech", [], resilient_parsing=True), name)
    assert found is not None
    flags = {flag for parameter in found.params for flag in parameter.opts}
    assert {argument for argument in arguments if argument.startswith("-")} <= flags


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_are_valid(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text("utf-8")):
        if document["apiVersion"] != "keda.sh/v1alpha1":  # a resource of KEDA's own
            kubernetes_validate.validate(document, kubernetes_validate.latest_version(), True)


def test_containers_run_commands_and_share_their_settings() -> None:
    shared = [document for document in documents() if document["kind"] in ("Secret", "ConfigMap")]
    names = [name for one in shared for name in one.get("data") or one["stringData"]]
    assert names
    assert not settings.misspelt([name for name in names if name != "BASE_URL"], all=True)
    for container in containers():
        check(container["args"])
        assert [next(iter(one)) for one in container["envFrom"]] == ["configMapRef", "secretRef"]


def test_probes_ask_routes_that_exist(tmp_path: Path) -> None:
    from unispeech.server.app import create_app

    paths = create_app(settings.read(data_dir=tmp_path)).openapi()["paths"]
    probes = [
        probe["httpGet"]
        for container in containers()
        for name, probe in container.items()
        if name.endswith("Probe")
    ]
    assert len(probes) == 3
    assert all(probe["path"] in paths and probe["port"] == "http" for probe in probes)


def test_workers_follow_metrics_that_exist() -> None:
    (scaled,) = (document for document in documents() if document["kind"] == "ScaledObject")
    workers = {d["metadata"]["name"] for d in documents() if d["kind"] == "Deployment"}
    assert scaled["spec"]["scaleTargetRef"]["name"] in workers
    known = {gauge._name for gauge in (metrics.QUEUED, metrics.RUNNING)}
    asked = {trigger["metadata"]["valueLocation"] for trigger in scaled["spec"]["triggers"]}
    assert asked == known


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_start_commands_with_known_settings(path: Path) -> None:
    text = path.read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=\S+/unispeech (.*)$", text, re.MULTILINE)
    check(shlex.split(command))
    lines = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    names = [pair.partition("=")[0] for line in lines for pair in shlex.split(line)]
    assert names and not settings.misspelt(names, all=True)
