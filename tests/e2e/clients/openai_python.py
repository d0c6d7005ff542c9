"""openai-python against a server: formats, streams, log probabilities, models, Azure's paths."""

from __future__ import annotations

import asyncio

import openai

from support.samples import SAMPLES, reference, words

ENGLISH = SAMPLES / "english.wav"


def run(url: str) -> None:
    """Raise an AssertionError or an error of the client if something does not work."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        _check_formats(client)
        assert "whisper-1" in {model.id for model in client.models.list()}
    with openai.AzureOpenAI(azure_endpoint=url, api_key="any", api_version="2024-06-01") as azure:
        _check_text(azure.audio.transcriptions.create(model="whisper", file=ENGLISH).text)
    asyncio.run(_check_async(url))


def _check_text(text: str) -> None:
    assert words(text) == words(reference("english")), text


def _check_formats(client: openai.OpenAI) -> None:
    create = client.audio.transcriptions.create
    _check_text(create(model="whisper-1", file=ENGLISH, language="auto").text)
    assert "-->" in create(model="whisper-1", file=ENGLISH, response_format="srt")
    verbose = create(
        model="whisper-1", file=ENGLISH, response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )  # fmt: skip
    assert verbose.words and verbose.segments and verbose.segments[0].tokens
    logprobs = create(model="gpt-4o-transcribe", file=ENGLISH, include=["logprobs"]).logprobs
    assert logprobs and all((entry.logprob or 0) <= 0 for entry in logprobs)
    events = list(create(model="gpt-4o-transcribe", file=ENGLISH, stream=True))
    done = events[-1]
    assert done.type == "transcript.text.done"
    _check_text(done.text)
    extra = {"vad_filter": True, "hotwords": "garden", "user": "me"}
    _check_text(create(model="whisper-1", file=ENGLISH, extra_body=extra).text)


async def _check_async(url: str) -> None:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any") as client:
        transcript = await client.audio.transcriptions.create(model="whisper-1", file=ENGLISH)
        _check_text(transcript.text)


if __name__ == "__main__":
    from support.clients import served

    with served() as server:
        run(server.url)
    print(f"openai {openai.__version__}: passed")
