"""HTTP service: durable jobs, live streams, and the APIs of OpenAI, WAAS and
whisper-asr-webservice."""
