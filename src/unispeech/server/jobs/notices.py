"""Telling that a job has ended: webhooks to allow-listed places, and e-mail."""

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
FORMATS = ("srt", "vtt", "txt", "json", "jojo")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A place that may be told. Named by its id in requests, so that nobody can name another."""

    id: str
    url: str
    token: str


def webhooks(path: Path | None) -> dict[str, Webhook]:
    """The allow-list: WAAS's JSON of `[{"id", "url", "token"}]`. No file, no webhooks.

    Raises:
        OptionError: the file cannot be read or is not such a list.
    """
    if path is None:
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = [Webhook(str(row["id"]), str(row["url"]), str(row["token"])) for row in rows]
    except OSError as error:
        raise OptionError(f"ALLOWED_WEBHOOKS_FILE: {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OptionError(
            f"ALLOWED_WEBHOOKS_FILE: {path} is not a list of webhooks",
            'write [{"id": "desk", "url": "https://...", "token": "..."}]',
        ) from error
    return {hook.id: hook for hook in found}


_ADDRESS = re.compile(r"[^@\s<>()\[\],;:\\\"\x00-\x1f\x7f\ud800-\udfff]+@[\w.-]+")


def is_address(text: str) -> bool:
    """Whether an e-mail can be addressed to it: nothing in it that ends a header or an address."""
    return _ADDRESS.fullmatch(text) is not None


def signature(token: str, body: bytes) -> str:
    """WAAS's own: SHA-256 of the token and the body, hexadecimal."""
    return hashlib.sha256(token.encode() + body).hexdigest()


def hmac_signature(token: str, body: bytes, at: int) -> str:
    """`t=<unix time>,v1=<hex HMAC-SHA256 of "<unix time>.<body>">`."""
    mac = hmac.new(token.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


class Notices:
    """Sends what a job's owner asked for. A failure here never touches the job."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.webhooks = webhooks(settings.allowed_webhooks_file)

    def wanted(self, id: str) -> Sequence[str]:
        """Which of `webhook` and `email` a job's end is to be told by."""
        job = self.database.job(id)
        if job is None or not job.state.final:
            return []
        asked = {"webhook": job.webhook_id, "email": job.email}
        return [kind for kind, given in asked.items() if given]

    def send(self, id: str, kind: str) -> None:
        """Deliver once.

        Raises:
            UnispeechError: it did not arrive; worth another try.
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
            log.warning("the webhook is no longer on the list", extra={"job": job.id})
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
            answer = httpx.post(hook.url, content=body, headers=headers, timeout=TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnispeechError(
                f"webhook {hook.id}: not delivered ({type(error).__name__})"
            ) from error
        if not answer.is_success:
            raise UnispeechError(f"webhook {hook.id}: answered {answer.status_code}")

    def _mail(self, job: Job) -> None:
        settings = self.settings
        if not settings.email_sender_host:
            log.warning("no e-mail server is set (EMAIL_SENDER_HOST)", extra={"job": job.id})
            return
        message = letter(job, settings)
        kind = smtplib.SMTP_SSL if settings.email_sender_password else smtplib.SMTP
        port = settings.email_sender_port or (465 if settings.email_sender_password else 25)
        try:
            with kind(settings.email_sender_host, port, timeout=TIMEOUT) as server:
                if settings.email_sender_password:
                    server.login(settings.email_sender_address, settings.email_sender_password)
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise UnispeechError(f"e-mail: not sent ({type(error).__name__})") from error


def payload(job: Job, url: str) -> dict[str, Any]:
    """WAAS's body of a webhook, field by field and in its order."""
    start: dict[str, Any] = {"source": "waas", "job_id": job.id}
    if job.state is not State.DONE:
        return {**start, "success": False}
    return {
        **start,
        "success": True,
        "url": f"{url}/v1/download/{job.id}",
        "filename": job.filename,
    }


def letter(job: Job, settings: Settings) -> EmailMessage:
    """The e-mail about a job's end; the subject is one line whatever the file is called."""
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
