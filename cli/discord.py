"""`usher discord`: registers the commands on Discord if they are missing or different."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer

from cli.output import AsJson, show_json
from shared import settings
from shared.discord.command_format import Command, faults, is_registered
from shared.discord.rest import Discord
from shared.discord.slash_commands import COMMANDS, registered
from shared.errors import InvalidError
from shared.http.client import client
from shared.settings import SettingsError, UpstreamSettings
from shared.upstreams.discord import discord_of
from shared.upstreams.egress import egress_of

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Register commands at Discord.")


class Registration(msgspec.Struct, frozen=True):
    """The result. `elsewhere` are commands of ours that are also registered in the other place, and so shown twice."""

    guild_id: str | None
    changed: bool
    commands: list[str]
    elsewhere: list[str]


@app.callback()
def discord() -> None:
    """Register commands at Discord."""


@app.command()
def register(
    *,
    everywhere: Annotated[
        bool, typer.Option("--global", help="In every guild that has the bot, not only in DISCORD_GUILD_ID.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Register the commands if Discord has others: in the guild DISCORD_GUILD_ID, or globally without one."""
    done = asyncio.run(_register(settings.load(UpstreamSettings), everywhere=everywhere))
    if json:
        show_json(done)
        return
    place = "globally" if done.guild_id is None else f"in the guild {done.guild_id}"
    print(f"{'Registered' if done.changed else 'Already registered'} {place}: {', '.join(done.commands)}")
    if done.elsewhere:
        other = "in the guild" if done.guild_id is None else "globally"
        print(f"Also {other}, so that people see them twice: {', '.join(done.elsewhere)}")


async def _register(config: UpstreamSettings, *, everywhere: bool) -> Registration:
    commands = registered(COMMANDS)
    wrong = faults(commands)
    if wrong:
        raise InvalidError("Discord would refuse these commands", faults=tuple(wrong))
    guild_id = config.discord_guild_id or None
    place, other = (None, guild_id) if everywhere else (guild_id, None)
    async with client(egress=egress_of(config)) as http:
        to_discord = _to_discord(http, config)
        there = await to_discord.commands(guild_id=place)
        changed = not is_registered(commands, there)
        if changed:
            await to_discord.overwrite_commands(commands, guild_id=place)
        doubled = [] if place == other else await to_discord.commands(guild_id=other)
    return Registration(place, changed, _names(commands), sorted(set(_names(commands)) & set(_names(doubled))))


def _to_discord(http: Any, config: UpstreamSettings) -> Discord:
    discord = discord_of(http, config)
    if discord is None:
        raise SettingsError("Discord is off: set DISCORD_APPLICATION_ID and DISCORD_BOT_TOKEN")
    return discord


def _names(commands: list[Command]) -> list[str]:
    return [command.name for command in commands]
