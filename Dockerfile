# syntax=docker/dockerfile:1
# The image of Keyferry's node processes; docs/image.md tells what is in it and how to build it for both architectures.
# tools/image decides which files those are: this runs it with the Node that the image will have.

# The current long-term release of Node. For a build that can be repeated give it by its digest: node@sha256:…
ARG NODE_IMAGE=docker.io/library/node:26-trixie-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /keyferry
COPY package.json package-lock.json .npmrc ./
COPY tools/setup.mjs tools/
RUN node tools/setup.mjs
COPY . .
RUN node tools/setup.mjs --build
ARG SOURCE_DATE_EPOCH=0
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} node --import tsx tools/image/main.ts --folder /image

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=1970-01-01T00:00:00.000Z
LABEL org.opencontainers.image.title="keyferry" \
      org.opencontainers.image.description="Azure Key Vault secrets in Kubernetes pods by workload identity: node driver, provider, and a lab that emulates all of it on one machine" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image/ /
ENV PATH="/usr/local/bin" \
    MALLOC_ARENA_MAX="1"
USER 0:0
WORKDIR /
ENTRYPOINT ["/usr/local/bin/node", "/app/bin/keyferry"]
