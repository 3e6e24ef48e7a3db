"""What people can do on Discord: the slash commands, and what buttons, menus and forms do."""

from collections.abc import Iterable
from typing import Final

import msgspec

from shared.discord.custom_ids import parsed
from shared.discord.interactions import CommandCalled, Done
from shared.discord.slash_commands import COMMANDS, Declared, Service


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a button, a menu or a form does; its `custom_id` begins with service and name.

    A button or menu that `opens_form` is answered with a form at once; the form itself never is.
    """

    service: Service
    name: str
    is_personal: bool = True
    is_for_admins: bool = False
    opens_form: bool = False


class Catalogue:
    """Finds what is declared."""

    def __init__(self, commands: Iterable[Declared], actions: Iterable[Action]) -> None:
        self._commands = {declared.name: declared for declared in commands}
        self._actions: dict[tuple[str, str], Action] = {(action.service, action.name): action for action in actions}

    def command(self, name: str) -> Declared | None:
        """Return a command."""
        return self._commands.get(name)

    def wanted(self, did: Done) -> Declared | Action | None:
        """Return what somebody wants done; None for what is not ours, or no longer."""
        if isinstance(did, CommandCalled):
            return self.command(did.command)
        found = parsed(did.custom_id)
        return None if found is None else self._actions.get((found.service, found.action))


ACTIONS: Final = (
    Action(service="syncer", name="history"),
    Action(service="syncer", name="search", opens_form=True),
)

CATALOGUE: Final = Catalogue(COMMANDS, ACTIONS)
