# The service. The first request downloads the model into the volume.
FROM python:3.12-slim AS base

ARG EXTRAS=server

RUN useradd --create-home --uid 10001 unispeech \
    && install --directory --owner=unispeech /data

WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY samples ./samples
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[${EXTRAS}]" && rm -rf /src

WORKDIR /home/unispeech
USER 10001
ENV UNISPEECH_HOST=0.0.0.0 \
    UNISPEECH_DATA_DIR=/data/service \
    UNISPEECH_CACHE_DIR=/data/models \
    UNISPEECH_ENV_DIR=/data/environments
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["unispeech"]
CMD ["serve"]

# SageMaker: docker build --target sagemaker --build-arg EXTRAS=server,mms . See docs/guides/sagemaker.md.
FROM base AS sagemaker

# SageMaker starts containers as root, and may restrict others.
# hadolint ignore=DL3002
USER 0
# Only AWS reaches the port, and authenticates each call. Only /tmp is certain to be writable.
ENV UNISPEECH_MODEL=/opt/ml/model \
    UNISPEECH_BACKEND=auto \
    UNISPEECH_PRELOAD=true \
    UNISPEECH_IDLE_TIMEOUT=0 \
    UNISPEECH_REQUIRE_KEYS=false \
    UNISPEECH_ALLOWED_HOSTS=* \
    UNISPEECH_RATE_LIMIT=1000000/minute \
    UNISPEECH_SHUTDOWN_TIMEOUT=25 \
    UNISPEECH_LOG_FORMAT=json \
    UNISPEECH_DATA_DIR=/tmp/unispeech/service \
    UNISPEECH_CACHE_DIR=/tmp/unispeech/models
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
EXPOSE 8080
HEALTHCHECK NONE
# SageMaker adds the argument `serve`, and names the port if several containers share a host.
ENTRYPOINT ["sh", "-c", "exec unispeech \"$@\" --port \"${SAGEMAKER_BIND_TO_PORT:-8080}\"", "unispeech"]
CMD ["serve"]

# Last, so that it is built by default.
FROM base AS service
