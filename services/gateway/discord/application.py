"""The application that Discord knows us as, and whom it makes an admin."""

import msgspec

from shared.discord.interactions import Interaction


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What Discord is set up with; without a public key it is off."""

    id: str = ""
    public_key: str = ""
    guild_id: str = ""
    admin_role_id: str = ""

    def is_admin(self, interaction: Interaction) -> bool:
        """Return whether somebody has the admins' role, or is an administrator of our guild.

        Not of any guild: whoever adds a public bot to a guild of his own is an administrator there.
        """
        caller = interaction.caller
        is_at_home = bool(self.guild_id) and interaction.guild_id == self.guild_id
        has_role = bool(self.admin_role_id) and self.admin_role_id in caller.roles
        return has_role or (is_at_home and caller.is_administrator)
