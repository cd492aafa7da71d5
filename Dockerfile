# bidsapp. Research use only.
#
#   docker build -t bidsapp .                                       torch for the CPU
#   docker build -t bidsapp:cuda --build-arg DEVICE=cuda .          torch for NVIDIA GPUs as well, several GB more
#   mkdir -p OUT                                                    or docker makes it, for root alone
#   docker run --rm --network none --read-only --user "$(id -u):$(id -g)" -v BIDS:/bids:ro -v OUT:/out bidsapp \
#     /bids /out participant
#
# What is installed has a fixed date, the program that of --build-arg SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)".
# Nothing is downloaded at run time, and nothing is written outside of /out (or --work-dir). A change of the
# program makes one small new layer: torch and the other packages lie in the one below.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS packages
ARG DEVICE=cpu
ARG TORCH_INDEX=default
COPY install.sh requirements.lock /src/
RUN sh /src/install.sh torch
RUN sh /src/install.sh packages

FROM packages AS program
COPY pyproject.toml README.md LICENSE descriptor.json /src/
COPY bidsapp /src/bidsapp
ARG SOURCE_DATE_EPOCH
RUN sh /src/install.sh wheel /wheel && sh /src/install.sh program /wheel && sh /src/install.sh sbom /wheel

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="bidsapp" \
      org.opencontainers.image.description="BIDS App for multimodal MRI and PET. Research use only." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=packages /opt/bidsapp /opt/bidsapp
COPY --from=program /wheel/sbom.json /opt/bidsapp/sbom.json
ARG SOURCE_DATE_EPOCH
RUN --mount=type=bind,from=program,source=/wheel,target=/wheel \
    --mount=type=bind,from=packages,source=/src,target=/src \
    sh /src/install.sh program /wheel
ENV PATH=/opt/bidsapp/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/nonexistent \
    PYTHONDONTWRITEBYTECODE=1 \
    BIDSAPP_CONTAINER=docker:bidsapp:${VERSION}
USER 1000:1000
ENTRYPOINT ["/opt/bidsapp/bin/bidsapp"]
