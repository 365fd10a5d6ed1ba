# The server as an image: built with the toolchain of rust-toolchain.toml, run by a normal user on a small Debian.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /build
COPY . .
# The queries were checked against a database when they were written; .sqlx holds what it said.
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --locked --release -p latchkey --bin latchkey \
    && cp target/release/latchkey /latchkey

FROM debian:bookworm-slim
# The certificate authorities are needed to speak with services.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 latchkey \
    && useradd --system --uid 10001 --gid latchkey --home-dir /var/lib/latchkey --create-home --shell /usr/sbin/nologin latchkey \
    && install -d -o latchkey -g latchkey -m 700 /var/lib/latchkey/secrets /var/lib/latchkey/database /var/lib/latchkey/journal
COPY --from=build /latchkey /usr/local/bin/latchkey
COPY bin/docker-entrypoint /usr/local/bin/docker-entrypoint
COPY LICENSE /usr/share/doc/latchkey/LICENSE

USER latchkey
WORKDIR /var/lib/latchkey
# Answers of providers wait here until the database has them: a volume for each replica.
ENV LATCHKEY_BIND=0.0.0.0:8080 LATCHKEY_JOURNAL_DIR=/var/lib/latchkey/journal
EXPOSE 8080
VOLUME /var/lib/latchkey/secrets /var/lib/latchkey/database /var/lib/latchkey/journal
STOPSIGNAL SIGTERM
# The path is /readyz; the shell's own TCP device needs no further program in the image.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["docker-entrypoint", "healthy"]
ENTRYPOINT ["docker-entrypoint"]
CMD ["serve"]
