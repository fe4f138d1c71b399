# The image of swift-ike: the daemon, the tool, the libraries that they link, a small shell for the entry point, and nothing
# else.
#
#     docker build --tag swift-ike .
#     docker run --cap-drop ALL --cap-add NET_ADMIN --device /dev/net/tun \
#         --volume ./iked.conf:/etc/iked/iked.conf:ro swift-ike
#
# etc/containers/README.md says how it is configured. SWIFT_IMAGE is the image that compiles; the stage `runtime` is the image
# without its files, for scripts/containers, which has them already.

ARG SWIFT_IMAGE=docker.io/library/swift:6.3-bookworm

FROM ${SWIFT_IMAGE} AS build
RUN apt-get --quiet update \
 && apt-get --quiet install --yes --no-install-recommends binutils dash libcap2-bin libssl-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build --configuration release --static-swift-stdlib --product iked \
 && swift build --configuration release --static-swift-stdlib --product ikectl
COPY etc/containers etc/containers
RUN etc/containers/assemble "$(swift build --configuration release --static-swift-stdlib --show-bin-path)" /image

FROM scratch AS runtime
# Not root: `iked` carries the capabilities that it needs as those of its file.
USER 10500:10500
# With them the rest of the container may be read-only.
VOLUME ["/run/iked", "/var/lib/iked"]
EXPOSE 500/udp 4500/udp
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/bin/ikectl", "status", "--short"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/sbin/iked-container"]

FROM runtime
COPY --from=build /image /
