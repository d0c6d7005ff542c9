"""A fake of S3: moto's server, over real HTTP, with its objects in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.serving import free_port

BUCKET = "speech"


class FakeS3:
    """Process with one bucket."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "s3.log"
        self.environment = {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://localhost:{self.port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/moto-api/", timeout=10)
                break
            except httpx.TransportError:
                assert self._process.poll() is None, self._log.read_text()
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.1)
        self.client().create_bucket(Bucket=BUCKET)

    def stop(self) -> None:
        """Stop the server, and forget the objects."""
        self._process.kill()
        self._process.wait()

    def client(self) -> Any:
        """A client of Amazon's own library, independent of what is tested."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def keys(self, prefix: str = "") -> list[str]:
        lists = self.client().get_paginator("list_objects_v2")
        pages = lists.paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stop the server in the block. Its objects come back with it."""
        client = self.client()
        objects = {k: client.get_object(Bucket=BUCKET, Key=k)["Body"].read() for k in self.keys()}
        self.stop()
        try:
            yield
        finally:
            self.start()
            for key, body in objects.items():
                client.put_object(Bucket=BUCKET, Key=key, Body=body)


@contextmanager
def fake_s3(folder: Path) -> Iterator[FakeS3]:
    """Run a fake, and let this process and those that it starts use it."""
    server = FakeS3(folder)
    before = dict(os.environ)
    server.start()
    os.environ.update(server.environment)
    try:
        yield server
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
