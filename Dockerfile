# The service. The first request downloads the model into the volume.
FROM python:3.12-slim

RUN useradd --create-home --uid 10001 unispeech \
    && install --directory --owner=unispeech /data

WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY samples ./samples
# hadolint ignore=DL3013
RUN pip install --no-cache-dir '.[server]' && rm -rf /src

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
