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
# -buildvcs=false: the same sources give the same bytes, whatever the state of .git.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o /krowave .

FROM scratch
COPY --from=build /krowave /usr/local/bin/krowave
USER 999:999
WORKDIR /data
ENTRYPOINT ["/usr/local/bin/krowave"]
