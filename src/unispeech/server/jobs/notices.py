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
from email.charset import QP, Charset
from email.header import Header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr
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
NAMES = {"webhook": "webhook", "email": "e-mail"}
DEFAULT_SENDER = "unispeech@localhost"
FORMATS = ("srt", "vtt", "timecode_txt", "txt", "json", "jojo")


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


_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_ADDRESS = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)")
MAX_ADDRESS, MAX_LOCAL_PART = 254, 64
"""Characters of an address and of the part before the @ (RFC 5321, with erratum 1690)."""


def is_address(text: str) -> bool:
    """Return whether the text is a single e-mail address that is safe in a header.

    Quoted local parts are refused, and so is the beginning of an encoded word (RFC 2047), which
    mail programs would decode.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or len(text) > MAX_ADDRESS or "=?" in text or not text.isprintable():
        return False
    return len(match[1]) <= MAX_LOCAL_PART and _ascii_domain(text) is not None


def _ascii_domain(address: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA), or None if there is no such form."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return None


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

    def send(self, id: str, kind: str, is_last: bool = False) -> None:
        """Try to deliver a notice once. If the last attempt fails, the job gets a warning.

        Raises:
            UnispeechError: the delivery failed, for whatever reason, and should be retried.
        """
        job = self.database.job(id)
        if job is None:
            return
        try:
            (self._post if kind == "webhook" else self._mail)(job)
        except Exception as error:
            metrics.NOTICES.labels(kind, "failed").inc()
            reason = error if isinstance(error, UnispeechError) else f"not sent ({error!r})"
            log.warning("%s", reason, extra={"job": id, "kind": kind})
            if is_last:
                message = f"the {NAMES[kind]} about this job could not be delivered"
                self.database.add_event(id, "warning", {"message": message})
            raise UnispeechError(str(reason)) from error
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
        message = compose_email(job, settings).as_bytes(policy=compat32.clone(linesep="\r\n"))
        recipient = _ascii_domain(job.email or "")
        if not recipient or not is_address(recipient):
            raise UnispeechError("e-mail: its address is not valid")
        sender = parseaddr(settings.email_sender_address)[1] or DEFAULT_SENDER
        # A local part that is not ASCII can be sent only to a server with this extension.
        options = () if recipient.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        client = smtplib.SMTP_SSL if settings.email_sender_password else smtplib.SMTP
        port = settings.email_sender_port or (465 if settings.email_sender_password else 25)
        try:
            with client(settings.email_sender_host, port, timeout=TIMEOUT) as server:
                if settings.email_sender_password:
                    server.login(settings.email_sender_address, settings.email_sender_password)
                server.sendmail(sender, [recipient], message, options)
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


def compose_email(job: Job, settings: Settings) -> Message[Any, Any]:
    """Return the e-mail about an ended job, with characters that are not printable as spaces.

    A message of the old policy: `EmailMessage` decodes encoded words that a file name contains,
    and with them line breaks.
    """
    name = _one_line(job.filename)
    if job.state is State.DONE:
        subject = f"{name} is finished transcribing!"
        links = [f"{form}: {settings.url}/v1/download/{job.id}?output={form}" for form in FORMATS]
        lines = [f"{name} has been transcribed. Download it as", "", *links]
    else:
        subject = "The transcription failed"
        lines = [f"{name} could not be transcribed.", "", job.error or "It was cancelled."]
    if settings.disclaimer:
        lines += ["", settings.disclaimer]
    headers = {
        "From": settings.email_sender_address or DEFAULT_SENDER,
        "To": _ascii_domain(job.email or "") or "",
        "Subject": subject,
    }
    message: Message[Any, Any] = Message()
    for field, text in headers.items():
        message[field] = _header(field, text)
    charset = Charset("utf-8")
    charset.body_encoding = QP
    message.set_payload("\n".join(lines).encode("utf-8", "replace").decode() + "\n", charset)
    return message


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _header(field: str, text: str) -> Header:
    """Return an encoded header, unless the text is ASCII that cannot be taken for one."""
    is_plain = text.isascii() and "=?" not in text
    return Header(_one_line(text), "us-ascii" if is_plain else "utf-8", header_name=field)
