"""The gateway's settings."""

from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta

from shared.schemas.secret import Secret
from shared.settings import HexKey, Host, Port, ServiceSettings, Snowflake, Url, expects, local_address

LEAST_PASSWORD: Final = 12
LEAST_SECRET: Final = 16

Switch = Annotated[Literal["on", "off"], expects("on or off", "on")]
Password = Annotated[
    Secret,
    Meta(
        description=f"a password of at least {LEAST_PASSWORD} characters",
        examples=["correct horse battery staple"],
        min_length=LEAST_PASSWORD,
    ),
]
RandomSecret = Annotated[
    Secret,
    Meta(
        description=f"a random value of at least {LEAST_SECRET} characters",
        examples=["the output of `openssl rand -hex 32`"],
        min_length=LEAST_SECRET,
    ),
]
UserName = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f]{1,100}$",
        description="a name of 1 to 100 characters",
        examples=["admin"],
    ),
]


class Settings(ServiceSettings, frozen=True, kw_only=True):
    """What the gateway needs beside what every service needs."""

    usher_host: Annotated[Host, expects("the address to listen on", "0.0.0.0")] = "127.0.0.1"  # noqa: S104 (an example)
    usher_port: Port = 8000
    usher_public_url: Url = ""
    """How the outside reaches the gateway; empty: by host and port."""
    usher_data_dir: Annotated[str, expects("a folder that Usher may write", "/data")] = "./data"
    usher_trusted_proxies: Annotated[
        str, expects("networks of proxies that say who calls, separated by commas", "127.0.0.1,172.16.0.0/12")
    ] = "127.0.0.0/8,::1"
    usher_spool: Switch = "on"
    usher_admin_username: UserName = "admin"
    usher_admin_password: Password = Secret("")
    usher_api_key: RandomSecret = Secret("")
    usher_webhook_secret: RandomSecret = Secret("")
    usher_local_api_key: RandomSecret = Secret("")
    """A key that `usher run` made for the command line on this host."""
    discord_application_id: Snowflake = ""
    discord_public_key: HexKey = ""

    @property
    def public_url(self) -> str:
        """The address that people and senders are shown."""
        return self.usher_public_url.rstrip("/") or local_address(self.usher_host, self.usher_port)

    @property
    def spool_folder(self) -> Path:
        """Where webhooks wait while NATS is away."""
        return Path(self.usher_data_dir) / "spool"
