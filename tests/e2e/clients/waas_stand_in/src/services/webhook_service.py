"""WAAS's webhooks: UniSpeech's allow-list, payload and signature, sent by `requests` as WAAS does,
because its tests intercept that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests

from unispeech.server.jobs.notices import payload, signature, webhooks
from unispeech.server.storage.database import Job, State


class InvalidWebhookIdException(Exception):
    pass


class WebhookService:
    def __init__(self, webhook_file: str) -> None:
        self._webhooks = webhooks(Path(webhook_file))

    def get_webhook_by_id(self, webhook_id: str) -> dict[str, str] | None:
        hook = self._webhooks.get(webhook_id)
        return {"id": hook.id, "url": hook.url, "token": hook.token} if hook else None

    def is_valid_webhook(self, webhook_id: str) -> bool:
        return webhook_id in self._webhooks

    def post_to_webhook(
        self, webhook_id: str, job_id: str, filename: str, url: Any, success: bool = False
    ) -> None:
        hook = self._webhooks.get(webhook_id)
        if hook is None:
            raise InvalidWebhookIdException(webhook_id)
        state = State.DONE if success else State.FAILED
        job = Job(job_id, "", "waas", filename, "faster", "tiny", {}, state=state)
        body = json.dumps(payload(job, "https://webhook")).encode()
        headers = {"X-WAAS-Signature": signature(hook.token, body)}
        requests.post(hook.url, data=body, headers=headers, timeout=3).raise_for_status()
