"""Prometheus metrics, served at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("unispeech_requests_total", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "unispeech_request_seconds",
    "Seconds from the start of a request to the end of its response.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
WAITING = Gauge("unispeech_requests_waiting", "Requests waiting for a slot.")
QUEUED = Gauge("unispeech_jobs_queued", "Jobs waiting for a worker.")
RUNNING = Gauge("unispeech_jobs_running", "Jobs running on all workers.")
JOBS = Counter("unispeech_jobs_total", "Jobs finished by this process.", ["state"])
JOB_SECONDS = Histogram(
    "unispeech_job_seconds",
    "Seconds from the acceptance of a job to its end.",
    buckets=(1, 5, 15, 60, 300, 900, 3600, 14400),
)
AUDIO_SECONDS = Counter(
    "unispeech_audio_seconds_total",
    "Seconds of audio transcribed; its rate is the throughput in audio seconds per second.",
)
NOTICES = Counter(
    "unispeech_notices_total", "Webhooks and e-mails sent or failed.", ["kind", "outcome"]
)
ENGINES = Gauge("unispeech_engines_loaded", "Engines in memory.")
