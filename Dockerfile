# A static binary on an empty base, run by nobody in particular.
#
#   docker build --build-arg ACCORD_COMMIT="$(git rev-parse HEAD)" -t accord .
#   docker run -p 8081:8081 -v accord:/data accord
#   docker run -p 8081:8081 -e ACCORD_DATABASE_URL=postgres://user:password@host/accord accord
#
# There is no HEALTHCHECK, because the image holds nothing to run one with: ask GET /livez and GET /readyz from outside.

FROM rust:1-alpine AS build
# A C compiler for the bundled SQLite and for the cryptography of TLS.
RUN apk add --no-cache build-base
WORKDIR /src
COPY . .
ARG ACCORD_COMMIT=unknown
ENV ACCORD_COMMIT=$ACCORD_COMMIT
RUN cargo build --release --locked --bin accord && mkdir /data

FROM scratch
COPY --from=build /src/target/release/accord /accord
# A volume takes the owner of the directory it is mounted over the first time.
COPY --from=build --chown=65532:65532 /data /data
USER 65532:65532
ENV ACCORD_LISTEN=0.0.0.0:8081 \
    ACCORD_DATABASE_URL=sqlite:///data/accord.db
VOLUME /data
EXPOSE 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/accord"]
CMD ["serve"]
