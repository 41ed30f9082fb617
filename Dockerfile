# Build: docker build -t linkletter .
# Run:   docker run -v linkletter:/data -v ./config.yaml:/data/config.yaml:ro --env-file .env linkletter
# config.yaml, the SQLite file and the posts lie in /data, the working folder; tokens come from the environment.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src

COPY requirements/ requirements/
# The program's folder gets what it runs on; what only builds it stays in this stage.
RUN python -m venv --without-pip /opt/linkletter \
    && python -m pip --python /opt/linkletter/bin/python install \
        --no-deps --require-hashes --only-binary :all: -r requirements/run.txt \
    && python -m venv --without-pip /opt/build \
    && python -m pip --python /opt/build/bin/python install \
        --no-deps --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY bot/ bot/
COPY newsletter/ newsletter/
RUN /opt/build/bin/hatchling build --target wheel \
    && python -m pip --python /opt/linkletter/bin/python install --no-deps --no-index dist/linkletter-*.whl

FROM python:3.13-slim
# git and ssh are for newsletters that are committed to a blog's repository (`git:` in the configuration).
RUN apt-get update && apt-get install --yes --no-install-recommends git openssh-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin linkletter \
    && install --directory --owner linkletter --group linkletter /data
COPY --from=build /opt/linkletter /opt/linkletter
ENV PATH=/opt/linkletter/bin:$PATH PYTHONUNBUFFERED=1 XDG_CACHE_HOME=/data/.cache
USER linkletter
WORKDIR /data
VOLUME /data

# `linkletter status` ends with 0 when all is well, with 1 when something failed or waits for a person.
HEALTHCHECK --interval=5m --timeout=30s --start-period=1m CMD ["linkletter", "status"]

# SIGTERM ends it kindly: the part being sent arrives.
STOPSIGNAL SIGTERM
ENTRYPOINT ["linkletter"]
CMD ["run"]
