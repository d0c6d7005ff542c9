"""E-mail about jobs whose names and addresses are hostile, on a real SMTP server."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from hypothesis import example, given
from hypothesis import strategies as st

from support.serving import free_port
from unispeech.errors import UnispeechError
from unispeech.server import settings
from unispeech.server.jobs import notices
from unispeech.server.jobs.notices import Notices
from unispeech.server.storage.database import Database, Job, State

NAMES = (
    "=?utf-8?q?talk=0d=0aBcc:_spy@evil.example=0d=0a=0d=0aA_body_of_mine?=",
    "=?utf-8?b?dGFsaw0KQmNjOiBzcHlAZXZpbC5leGFtcGxl?=.wav",
    "talk\r\nBcc: spy@evil.example\r\n\r\nbody",
    "talk\x85Bcc: a\u2028b\x0bc\x00.wav",
    "Gespräch =?utf-8?q?=0aX:y?= in Köln.wav",
    "a \ud800 surrogate.wav",
    "=?" * 200 + "long name " * 80,
)
HEADERS = ["From", "To", "Subject", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]


def job_of(**fields: Any) -> Job:
    values = {"filename": "talk.wav", "state": State.DONE, "email": "desk@example.org", **fields}
    id = values.pop("id", "1")
    return Job(id, "", "api", backend="faster", model="tiny.en", options={}, **values)


@given(st.one_of(st.sampled_from(NAMES), st.text(max_size=300)))
@example(NAMES[0])
def test_no_file_name_adds_a_header_or_a_body(name: str) -> None:
    raw = notices.compose_email(job_of(filename=name), settings.read()).as_bytes()
    for rules in (policy.default, policy.compat32):
        message = message_from_bytes(raw, policy=rules)
        assert sorted(message.keys()) == sorted(HEADERS)
    message = message_from_bytes(raw, policy=policy.default)
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    assert " ".join(message["Subject"].split()) == f"{shown} is finished transcribing!".strip()
    body = message.get_payload(decode=True)
    assert isinstance(body, bytes) and body.decode().startswith(f"{shown} has been transcribed.")


@pytest.mark.parametrize(
    "address",
    ["=?utf-8?q?a=0d=0aBcc:b?=@evil.example", "a@=?utf-8?q?b?=", "a..b@c.example", ".a@c.example",
     "a@-b.example", "a@b..example", "a@b.example.", "a@b_c.example", f"{'a' * 65}@b.example",
     f"a@{'b' * 64}.example", f"a@{'b.' * 130}example", "a@[127.0.0.1]", "a b@c.example",
     "a\u2028@c.example", "a@b.example\n", "a@b.\ud800"],
)  # fmt: skip
def test_addresses_that_no_header_can_hold_are_refused(address: str) -> None:
    assert not notices.is_address(address)


class Mailbox:
    """Handler of a real SMTP server, which stores the messages."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.envelopes.append(envelope)
        return "250 OK"


@pytest.fixture
def smtp() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
    controller.start()
    yield box, port
    controller.stop()


def sender(folder: Path, port: int, host: str = "127.0.0.1") -> Notices:
    values = settings.read(
        email_sender_host=host, email_sender_port=port,
        email_sender_address="Speech desk <speech@example.org>", data_dir=folder,
    )  # fmt: skip
    return Notices(values, Database(f"sqlite:///{folder / 'jobs.sqlite'}"))


def test_only_the_recipient_gets_the_letter(tmp_path: Path, smtp: tuple[Mailbox, int]) -> None:
    sending = sender(tmp_path, smtp[1])
    addresses = {"desk@example.org": "desk@example.org", "a@bücher.example":
                 "a@xn--bcher-kva.example", "Ä.b@d.example": "Ä.b@d.example"}  # fmt: skip
    for number, (address, recipient) in enumerate(addresses.items()):
        assert notices.is_address(address)
        sending.database.add(job_of(id=str(number), filename=NAMES[number], email=address))
        sending.send(str(number), "email")
        envelope = smtp[0].envelopes[-1]
        assert envelope.rcpt_tos == [recipient] and envelope.mail_from == "speech@example.org"
        assert sorted(message_from_bytes(envelope.content).keys()) == sorted(HEADERS)


@pytest.mark.parametrize("host", ["127.0.0.1", "a..b"], ids=["refused", "UnicodeError"])
def test_every_failure_is_retried_and_the_last_is_shown(tmp_path: Path, host: str) -> None:
    sending = sender(tmp_path, free_port(), host)  # nobody listens
    sending.database.add(job_of())
    for is_last in (False, True):
        assert not sending.database.events("1", kind="warning")
        with pytest.raises(UnispeechError):
            sending.send("1", "email", is_last)
    (event,) = sending.database.events("1", kind="warning")
    assert "e-mail" in event.body["message"]


def test_an_address_of_an_older_version_is_not_lost(
    tmp_path: Path, smtp: tuple[Mailbox, int]
) -> None:
    sending = sender(tmp_path, smtp[1])
    sending.database.add(job_of(email="a@b..example"))
    with pytest.raises(UnispeechError):
        sending.send("1", "email")
    assert not smtp[0].envelopes
