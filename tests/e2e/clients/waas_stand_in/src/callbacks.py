"""WAAS's callbacks of ended jobs."""

from __future__ import annotations

import os
from typing import Any

from src.services.webhook_service import WebhookService


def success(job: Any, connection: Any, result: Any) -> None:
    _notify(job, True)


def failure(job: Any, connection: Any, type: Any, value: Any, traceback: Any) -> None:
    _notify(job, False)


def _notify(job: Any, is_success: bool) -> None:
    store = WebhookService(os.environ["ALLOWED_WEBHOOKS_FILE"])
    name = job.meta["uploaded_filename"]
    store.post_to_webhook(job.meta["webhook_id"], job.id, name, None, success=is_success)
