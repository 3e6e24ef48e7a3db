# One image for the four services: the command says which, the gateway by default.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/usher
WORKDIR /build
COPY requirements/image.txt ./
# A package index of one's own: USHER_PIP_CONF names a pip.conf (see docs/operations.md); it stays out of the image.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip --python /opt/usher install --no-compile --only-binary :all: --require-hashes -r image.txt
COPY . .
RUN pip --python /opt/usher install --no-compile --no-deps --no-index --no-build-isolation .
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/usher/lib


FROM python:3.13-slim

LABEL org.opencontainers.image.title="Usher" \
      org.opencontainers.image.description="One self-hosted hub for people who run a media server for friends and family" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 usher && useradd --uid 10001 --gid usher --no-create-home --home-dir /tmp --shell /usr/sbin/nologin usher \
    && install --directory --owner usher --group usher --mode 0700 /var/lib/usher
# The root file system is read-only later, and the public image's standard library comes without its byte code.
RUN python -m compileall -q -j 0 -x '/(test|tests|idlelib|tkinter|turtledemo|site-packages)/' /usr/local/lib/python3.13
COPY --from=build /opt/usher /opt/usher
ENV PATH=/opt/usher/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    USHER_HOST=0.0.0.0 \
    USHER_PORT=8000 \
    USHER_DATA_DIR=/var/lib/usher
USER 10001:10001
WORKDIR /opt/usher
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["python", "-m", "services.gateway"]
