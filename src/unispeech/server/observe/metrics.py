"""What Prometheus may ask for at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("unispeech_requests_total", "Requests answered.", ["method", "route", "status"])
LATENCY = Histogram(
    "unispeech_request_seconds",
    "Seconds from a request's first byte to its answer's last.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
WAITING = Gauge("unispeech_requests_waiting", "Requests that wait for a place.")
QUEUED = Gauge("unispeech_jobs_queued", "Jobs that wait for a worker.")
RUNNING = Gauge("unispeech_jobs_running", "Jobs being transcribed, by all workers.")
JOBS = Counter("unispeech_jobs_total", "Jobs that this process ended.", ["state"])
JOB_SECONDS = Histogram(
    "unispeech_job_seconds",
    "Seconds from a job's acceptance to its end.",
    buckets=(1, 5, 15, 60, 300, 900, 3600, 14400),
)
AUDIO_SECONDS = Counter(
    "unispeech_audio_seconds_total",
    "Seconds of sound transcribed; its rate is audio seconds per second.",
)
NOTICES = Counter("unispeech_notices_total", "Webhooks and e-mails.", ["kind", "outcome"])
ENGINES = Gauge("unispeech_engines_loaded", "Engines in memory.")
