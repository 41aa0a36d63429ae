# syntax=docker/dockerfile:1
# docker buildx build --platform linux/amd64,linux/arm64 --build-arg SOURCE_DATE_EPOCH=0 .
# The compiler's version is part of what the bytes depend on.
ARG GO_VERSION=1.26.8
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION} AS build
ARG TARGETOS=linux
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# -buildvcs=true: the version is that of the tag or the commit.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=true -tags=kustomize_disable_go_plugin_support -ldflags='-s -w -buildid=' -o /krowave .
# Everything that the image holds, as make image has it.
RUN cd .ci/image && go run . -tree /rootfs -binary /krowave

FROM scratch
COPY --from=build /rootfs/ /
USER 999:999
WORKDIR /data
ENV PATH=/usr/local/bin
ENTRYPOINT ["/usr/local/bin/krowave"]
