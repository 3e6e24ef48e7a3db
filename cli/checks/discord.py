"""Does Discord's setup match Usher's: the token, the key, the address for interactions, the commands?

We cannot test here whether a signed interaction gets through: only Discord can sign one.
"""

from typing import Any, Final

from cli.checks.finding import Finding, fail, ok, warn
from shared.clients.errors import CredentialRefusedError
from shared.discord.command_format import is_registered
from shared.discord.rest import Application, Discord
from shared.discord.slash_commands import COMMANDS, registered
from shared.errors import UsherError
from shared.http.calls import translate_errors
from shared.settings import UpstreamSettings
from shared.upstreams.discord import discord_of

PATH: Final = "/discord/interactions"
_PORTAL: Final = "see the developer portal of Discord, General Information"
_UNAUTHORIZED: Final = 401


async def check_discord(to_discord: Any, to_gateway: Any, config: UpstreamSettings, *, address: str) -> list[Finding]:
    """Check both ends, if Discord is set up."""
    discord = discord_of(to_discord, config)
    if discord is None:
        return []
    findings = [await _check_endpoint(to_gateway, address)]
    try:
        application = await discord.application()
    except CredentialRefusedError:
        return [*findings, fail("Discord", "it does not accept DISCORD_BOT_TOKEN", "make a new one: Bot, Reset Token")]
    except UsherError as exc:
        return [*findings, fail("Discord", exc.detail, "is DISCORD_API_URL right, is there a way out to it?")]
    return [*findings, *_judge(application, config), await _check_commands(discord, config)]


async def _check_endpoint(http: Any, address: str) -> Finding:
    """Send what Discord sends to test that signatures are checked: a PING without a valid signature."""
    subject = "Discord endpoint"
    try:
        with translate_errors("Usher"):
            response = await http.post(f"{address}{PATH}", json={"type": 1})
    except UsherError:
        return fail(subject, f"{address}{PATH} does not answer", "start Usher (`usher run`), or set USHER_PUBLIC_URL")
    if response.status_code != _UNAUTHORIZED:
        return fail(subject, f"{address}{PATH} answered {response.status_code}", "is DISCORD_PUBLIC_KEY set for it?")
    return ok(subject, "it refuses what Discord did not sign")


def _judge(application: Application, config: UpstreamSettings) -> list[Finding]:
    """Compare Discord's data about the application with the settings."""
    findings = [ok("Discord", "it accepts the bot's token")]
    if application.id != config.discord_application_id:
        findings.append(
            fail("Discord", "DISCORD_BOT_TOKEN and DISCORD_APPLICATION_ID are of two applications", _PORTAL)
        )
    if application.verify_key.lower() != config.discord_public_key.lower():
        findings.append(fail("Discord", "DISCORD_PUBLIC_KEY is not this application's", _PORTAL))
    sent_to = application.interactions_endpoint_url
    if not sent_to:
        findings.append(warn("Discord", "no Interactions Endpoint URL is set there", f"set it to https://…{PATH}"))
    elif not sent_to.endswith(PATH):
        findings.append(warn("Discord", f"interactions are sent to {sent_to}", f"it should end in {PATH}"))
    else:
        findings.append(ok("Discord", f"interactions are sent to {sent_to}"))
    if application.bot_public:
        findings.append(warn("Discord", "anyone may add the bot to their own guild", "switch Public Bot off"))
    if not (config.discord_guild_id or config.discord_admin_role_id):
        findings.append(warn("Discord", "no one is an admin", "set DISCORD_GUILD_ID or DISCORD_ADMIN_ROLE_ID"))
    return findings


async def _check_commands(discord: Discord, config: UpstreamSettings) -> Finding:
    wanted = registered(COMMANDS)
    try:
        places = [await discord.commands(guild_id=None)]
        if config.discord_guild_id:
            places.append(await discord.commands(guild_id=config.discord_guild_id))
    except UsherError as exc:
        return warn("Discord commands", exc.detail, "is the bot in the guild DISCORD_GUILD_ID?")
    if any(is_registered(wanted, there) for there in places):
        return ok("Discord commands", "they are registered and up to date")
    return warn("Discord commands", "they are not registered, or outdated", "run `usher discord register`")
