# bidsapp, CPU image. Research use only.
#
#   docker build -t bidsapp .
#   docker run --rm --network none --read-only -v BIDS:/bids:ro -v OUT:/out bidsapp /bids /out participant
#
# Nothing is downloaded at run time, and nothing is written outside of /out (or --work-dir).
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG TORCH_VERSION=2.13.0+cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_RETRIES=1
RUN python3 -m venv /opt/bidsapp
# torch first and from its own index: the general index has the CUDA build, which is several gigabytes
RUN /opt/bidsapp/bin/pip install --quiet --extra-index-url "${TORCH_INDEX}" "torch==${TORCH_VERSION}"
COPY pyproject.toml README.md LICENSE descriptor.json /src/
COPY bidsapp /src/bidsapp
RUN /opt/bidsapp/bin/pip install --quiet /src \
 && rm -rf /opt/bidsapp/lib/python3*/site-packages/torch/include

FROM ${BASE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="bidsapp" \
      org.opencontainers.image.description="BIDS App for multimodal MRI and PET. Research use only." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/bidsapp /opt/bidsapp
ENV PATH=/opt/bidsapp/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    HOME=/nonexistent \
    PYTHONDONTWRITEBYTECODE=1 \
    BIDSAPP_CONTAINER=docker:bidsapp:${VERSION}
RUN ln -s /opt/bidsapp/bin/bidsapp /usr/local/bin/bidsapp
USER 1000:1000
ENTRYPOINT ["/opt/bidsapp/bin/bidsapp"]
