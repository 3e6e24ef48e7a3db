"""Who is an admin on Discord: decided by the service that acts, from what Discord says of the caller."""

import msgspec

from shared.errors import ForbiddenError
from shared.schemas.interactions import Caller
from shared.settings import UpstreamSettings


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """The guild whose administrators are admins, and the role whose members are; without either, nobody is."""

    guild_id: str = ""
    admin_role_id: str = ""

    def is_admin(self, caller: Caller) -> bool:
        """Return whether somebody has the admins' role, or is an administrator of our guild.

        Not of any guild: whoever adds a public bot to a guild of their own is an administrator there.
        """
        is_at_home = bool(self.guild_id) and caller.guild_id == self.guild_id
        has_role = bool(self.admin_role_id) and self.admin_role_id in caller.roles
        return has_role or (is_at_home and caller.is_administrator)

    def check(self, caller: Caller, *, is_for_admins: bool) -> bool:
        """Return whether somebody is an admin; raise `ForbiddenError` where they would have to be."""
        is_admin = self.is_admin(caller)
        if is_for_admins and not is_admin:
            raise ForbiddenError("only Usher's admins may do this")
        return is_admin


def rights_of(config: UpstreamSettings) -> Rights:
    """Return the rights as they are set up."""
    return Rights(guild_id=config.discord_guild_id, admin_role_id=config.discord_admin_role_id)
