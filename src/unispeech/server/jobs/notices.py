"""Notices of ended jobs: webhooks to allow-listed URLs, and e-mail."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from unispeech.errors import OptionError, UnispeechError
from unispeech.server.observe import metrics
from unispeech.server.settings import Settings
from unispeech.server.storage.database import Database, Job, State
from unispeech.version import __version__

log = logging.getLogger("unispeech.server")

TIMEOUT = 10.0
"""Seconds for a webhook's answer or an SMTP command."""
FORMATS = ("srt", "vtt", "txt", "json", "jojo")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Allowed webhook. Requests name it by ID, so that they cannot name any other URL."""

    id: str
    url: str
    token: str


def webhooks(path: Path | None) -> dict[str, Webhook]:
    """Read the allow-list, WAAS's JSON of `[{"id", "url", "token"}]`; without a file it is empty.

    Raises:
        OptionError: the file cannot be read or is malformed.
    """
    if path is None:
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        hooks = [Webhook(str(row["id"]), str(row["url"]), str(row["token"])) for row in rows]
    except OSError as error:
        raise OptionError(f"ALLOWED_WEBHOOKS_FILE: {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OptionError(
            f"ALLOWED_WEBHOOKS_FILE: {path} is not a list of webhooks",
            'write [{"id": "desk", "url": "https://...", "token": "..."}]',
        ) from error
    return {hook.id: hook for hook in hooks}


_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"\x00-\x1f\x7f\ud800-\udfff]+@[\w.-]+")


def is_address(text: str) -> bool:
    """Return whether the text is a single e-mail address that is safe in a header."""
    return _ADDRESS.fullmatch(text) is not None


def signature(token: str, body: bytes) -> str:
    """Return WAAS's signature: the SHA-256 of token and body, in hexadecimal."""
    return hashlib.sha256(token.encode() + body).hexdigest()


def hmac_signature(token: str, body: bytes, at: int) -> str:
    """Return `t=<unix time>,v1=<hex HMAC-SHA256 of "<unix time>.<body>">`."""
    mac = hmac.new(token.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Notices:
    """Sends the notices that a job's owner asked for. A failure never affects the job."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.webhooks = webhooks(settings.allowed_webhooks_file)

    def channels(self, id: str) -> Sequence[str]:
        """Return the notices of an ended job that are still to be sent: `webhook`, `email`."""
        job = self.database.job(id)
        if job is None or not job.state.final:
            return []
        recipients = {"webhook": job.webhook_id, "email": job.email}
        return [kind for kind, recipient in recipients.items() if recipient]

    def send(self, id: str, kind: str) -> None:
        """Try to deliver a notice once.

        Raises:
            UnispeechError: the delivery failed and should be retried.
        """
        job = self.database.job(id)
        if job is None:
            return
        try:
            (self._post if kind == "webhook" else self._mail)(job)
        except UnispeechError as error:
            metrics.NOTICES.labels(kind, "failed").inc()
            log.warning("%s", error, extra={"job": id, "kind": kind})
            raise
        metrics.NOTICES.labels(kind, "sent").inc()

    def _post(self, job: Job) -> None:
        import httpx

        hook = self.webhooks.get(job.webhook_id or "")
        if hook is None:
            log.warning("the webhook is no longer in ALLOWED_WEBHOOKS_FILE", extra={"job": job.id})
            return
        body = json.dumps(payload(job, self.settings.url)).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"unispeech/{__version__}",
            "X-WAAS-Signature": signature(hook.token, body),
            "X-UniSpeech-Signature": hmac_signature(hook.token, body, int(time.time())),
            "Idempotency-Key": f"{job.id}.{job.run}.{job.state}",
        }
        try:
            response = httpx.post(hook.url, content=body, headers=headers, timeout=TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnispeechError(
                f"webhook {hook.id}: not delivered ({type(error).__name__})"
            ) from error
        if not response.is_success:
            raise UnispeechError(f"webhook {hook.id}: answered {response.status_code}")

    def _mail(self, job: Job) -> None:
        settings = self.settings
        if not settings.email_sender_host:
            log.warning("no e-mail sent: EMAIL_SENDER_HOST is not set", extra={"job": job.id})
            return
        message = compose_email(job, settings)
        client = smtplib.SMTP_SSL if settings.email_sender_password else smtplib.SMTP
        port = settings.email_sender_port or (465 if settings.email_sender_password else 25)
        try:
            with client(settings.email_sender_host, port, timeout=TIMEOUT) as server:
                if settings.email_sender_password:
                    server.login(settings.email_sender_address, settings.email_sender_password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise UnispeechError(f"e-mail: not sent ({type(error).__name__})") from error


def payload(job: Job, url: str) -> dict[str, Any]:
    """Return the body of a webhook, with WAAS's fields in WAAS's order."""
    start: dict[str, Any] = {"source": "waas", "job_id": job.id}
    if job.state is not State.DONE:
        return {**start, "success": False}
    return {
        **start,
        "success": True,
        "url": f"{url}/v1/download/{job.id}",
        "filename": job.filename,
    }


def compose_email(job: Job, settings: Settings) -> EmailMessage:
    """Return the e-mail about an ended job; line breaks in the file name are removed."""
    message = EmailMessage()
    message["From"] = settings.email_sender_address or "unispeech@localhost"
    message["To"] = job.email or ""
    name = " ".join(job.filename.split())
    if job.state is State.DONE:
        message["Subject"] = f"{name} is finished transcribing!"
        links = [f"{form}: {settings.url}/v1/download/{job.id}?output={form}" for form in FORMATS]
        lines = [f"{name} has been transcribed. Download it as", "", *links]
    else:
        message["Subject"] = "The transcription failed"
        lines = [f"{name} could not be transcribed.", "", job.error or "It was cancelled."]
    if settings.disclaimer:
        lines += ["", settings.disclaimer]
    message.set_content("\n".join(lines) + "\n")
    return message
