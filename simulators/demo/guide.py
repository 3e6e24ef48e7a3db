"""The demo's instructions: where to click, and shell commands that link a first account."""

from typing import Final

import msgspec


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's addresses and its secrets."""

    usher: str
    stage: str
    plex_tv: str
    folder: str
    key: str
    password: str


_GUIDE: Final = """\

Usher's demo: a town of six people with a Plex server, Jellyfin, Emby, Seerr, Trakt and Discord.
All of it is made up, runs on this machine only, and is gone when you press Ctrl-C.

  Dashboard           {usher}   (log in as admin, {password})
  API, to try out     {usher}/docs   (key {key})
  Who lives in town   {stage}/people
  Command line        export USHER_DATA_DIR={folder}
                      {command} people unclaimed
                      {command} history
                      {command} events tail
                      {command} plex sessions Plex

Link a Plex account as jonas would, from Discord:

  curl -s {stage}/discord/command -d '{{"person":"jonas","command":"link"}}'
      # its token is what the next lines call TOKEN
  curl -s {stage}/discord/replies/TOKEN
      # the reply: a button to sign in at {plex_tv}, and a code of four characters
  curl -s {stage}/plex/claim -d '{{"person":"jonas","code":"CODE"}}'
      # as if jonas had typed the code at plex.tv/link
  curl -s {stage}/discord/replies/TOKEN
      # the same reply, seconds later: it is done
  curl -s -H 'X-API-Key: {key}' '{usher}/api/people?search=jonas'
      # their proven Discord and Plex accounts, and their user in Seerr

The same by REST, for priya:

  curl -s -X POST -H 'X-API-Key: {key}' {usher}/api/integrations/plex/auth/pin
  curl -s {stage}/plex/claim -d '{{"person":"priya","code":"CODE"}}'
  curl -s -H 'X-API-Key: {key}' -H 'Content-Type: application/json' \\
      {usher}/api/integrations/plex/auth/check -d '{{"pin_id":"PIN_ID"}}'

What people watch arrives as webhooks from now on:
"""


def text(addresses: Addresses, *, command: str) -> str:
    """Return the instructions; `command` is how to call the command line here."""
    return _GUIDE.format(**msgspec.structs.asdict(addresses), command=command)
