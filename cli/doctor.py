"""`usher doctor`: checks everything that Usher needs, and says what is wrong and how to fix it."""

import asyncio

import msgspec
import typer

from cli.checks.addresses import check_gateway, check_plex, check_seerr
from cli.checks.discord import check_discord
from cli.checks.finding import Finding
from cli.checks.linked_accounts import check_linked_accounts
from cli.checks.media_servers import check_media_servers
from cli.checks.refused_senders import check_refused_senders
from cli.checks.runs import check_runs
from cli.checks.servers import check_nats, check_postgres
from cli.checks.storage import check_folder
from cli.checks.variables import check_keys, check_upstreams, check_variables
from cli.client import Usher, key_for
from cli.folder import ADDRESS, DATABASE_URL, NATS_URL, Folder
from cli.output import AsJson, show_json, show_table
from cli.settings import RunSettings
from shared import settings
from shared.http.client import client
from shared.schemas.secret import Secret
from shared.settings import UpstreamSettings
from shared.upstreams.egress import egress_of

app = typer.Typer(add_completion=False)


@app.command()
def doctor(*, json: AsJson = False) -> None:
    """Test settings, folders, servers and addresses, and say how to fix what is wrong."""
    findings = check_variables()
    if not _has_failed(findings):
        findings += asyncio.run(_examine(settings.load(RunSettings), settings.load(UpstreamSettings)))
    if json:
        show_json({"findings": findings, "well": not _has_failed(findings)})
    else:
        columns = {"": "level", "What": "subject", "Finding": "text", "How to mend it": "mend"}
        show_table([msgspec.to_builtins(finding) for finding in findings], columns)
    raise typer.Exit(1 if _has_failed(findings) else 0)


def _has_failed(findings: list[Finding]) -> bool:
    return any(finding.level == "fail" for finding in findings)


async def _examine(config: RunSettings, upstreams: UpstreamSettings) -> list[Finding]:
    folder = Folder(config.usher_data_dir)
    keys = folder.encryption_keys(config.usher_encryption_keys)
    findings = [*check_upstreams(upstreams), *check_folder(folder), check_keys(keys)]
    database_url = config.database_url or Secret(folder.read_published(DATABASE_URL))
    nats_url = config.nats_url or Secret(folder.read_published(NATS_URL))
    parts = await asyncio.gather(
        check_postgres(database_url),
        check_nats(
            nats_url,
            credentials=config.nats_credentials,
            replicas=config.nats_replicas,
            is_embedded=not config.nats_url,
        ),
        _check_addresses(config, upstreams, folder, own=[database_url, nats_url]),
    )
    found = [*findings, *(finding for part in parts for finding in part)]
    return list(dict.fromkeys(found))  # what the gateway reports about streams, the check of NATS reports too


async def _check_addresses(
    config: RunSettings, upstreams: UpstreamSettings, folder: Folder, *, own: list[Secret]
) -> list[Finding]:
    key = key_for(config, folder)
    address = folder.read_published(ADDRESS) or config.public_url
    async with client() as to_gateway, client(egress=egress_of(upstreams, *own)) as to_others:
        gateway, senders, servers, credentials, runs, discord = await asyncio.gather(
            check_gateway(to_gateway, address, key),
            check_refused_senders(Usher(to_gateway, address, key)),
            check_media_servers(Usher(to_gateway, address, key)),
            check_linked_accounts(to_gateway, address, key),
            check_runs(Usher(to_gateway, address, key)),
            check_discord(to_others, to_gateway, upstreams, address=address),
        )
        if servers is None:  # then at least those in the variables
            parts = await asyncio.gather(check_seerr(to_others, upstreams), check_plex(to_others, upstreams))
            servers = [finding for part in parts for finding in part]
    return [*gateway, *senders, *servers, *credentials, *runs, *discord]
