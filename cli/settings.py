"""The settings of the command line itself; each service reads its own at start."""

from typing import Annotated, Final

import msgspec

from services.gateway import settings as gateway
from shared.schemas.secret import Secret
from shared.settings import (
    CredentialsFile,
    DatabaseUrl,
    Host,
    LogFormat,
    LogLevel,
    NatsUrl,
    Port,
    Replicas,
    UpstreamSettings,
    Url,
    expects,
    local_address,
)


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where Usher runs and keeps its data; `usher run` embeds or generates what is empty."""

    usher_host: Annotated[Host, expects("the address to listen on", "0.0.0.0")] = "127.0.0.1"  # noqa: S104 (an example)
    usher_port: Port = 8000
    usher_public_url: Url = ""
    usher_data_dir: Annotated[str, expects("a folder for databases and generated secrets", "./data")] = "./data"
    database_url: Annotated[
        DatabaseUrl,
        expects("a PostgreSQL address; embedded if empty", "postgresql://usher:password@127.0.0.1:5432/usher"),
    ] = Secret("")
    nats_url: Annotated[
        NatsUrl, expects("NATS addresses, separated by commas; embedded if empty", "nats://127.0.0.1:4222")
    ] = Secret("")
    nats_credentials: CredentialsFile = ""
    nats_replicas: Replicas = 1
    usher_encryption_keys: Annotated[
        Secret, expects("id:base64 of 32 bytes, the newest first; generated if empty", "k1:" + "A" * 43 + "=")
    ] = Secret("")
    usher_api_key: Annotated[Secret, expects("a key with every scope; generated if empty", "a random value")] = Secret(
        ""
    )
    log_level: LogLevel = "INFO"
    log_format: LogFormat = "auto"

    @property
    def local_url(self) -> str:
        """The gateway's address on this host."""
        return local_address(self.usher_host, self.usher_port)

    @property
    def public_url(self) -> str:
        """The gateway's address from outside."""
        return self.usher_public_url.rstrip("/") or self.local_url


SERVICES: Final = ("gateway", "linker", "syncer", "requester")
MADE_BY_RUN: Final = ("DATABASE_URL", "NATS_URL", "USHER_ENCRYPTION_KEYS")
"""What services need and `usher run` gives them where it is not set."""

KINDS: Final[tuple[type[msgspec.Struct], ...]] = (RunSettings, UpstreamSettings, gateway.Settings)
"""Together they have every variable there is."""
