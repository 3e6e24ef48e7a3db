"""The slash commands of Discord, declared as data: which service answers, who sees the answer, and who may.

The gateway routes by them, `usher discord register` registers them, and `/help` lists them. Only what works is here.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from shared.discord.command_format import Command, Option, OptionType

Service = Literal["linker", "syncer", "requester"]

GUILD: Final = 0
BOT_DM: Final = 1
_CONTEXTS: Final = [GUILD, BOT_DM]
_ADMINISTRATORS_ONLY: Final = 0


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A command: `service` answers it; a personal answer is seen by nobody else.

    One that `opens_form` is answered with a form at once, and its service with what was sent by it.
    """

    service: Service
    command: Command
    is_personal: bool = True
    is_for_admins: bool = False
    opens_form: bool = False

    @property
    def name(self) -> str:
        """Return what the command is called, in whatever language a person reads it."""
        return self.command.name


def registered(commands: Sequence[Declared]) -> list[Command]:
    """Return the commands as Discord is to have them: in guilds and in direct messages to the bot."""
    return [
        msgspec.structs.replace(
            declared.command,
            contexts=_CONTEXTS,
            default_member_permissions=_ADMINISTRATORS_ONLY if declared.is_for_admins else None,
        )
        for declared in commands
    ]


def _spanish(text: str) -> dict[str, str]:
    return {"es-ES": text, "es-419": text}


COMMANDS: Final = (
    Declared(
        service="linker",
        command=Command(
            name="link",
            description="Link your Plex account, so that what you watch and wish for is yours",
            name_localizations={"de": "verknüpfen", "fr": "lier", **_spanish("vincular")},
            description_localizations={
                "de": "Verknüpfe dein Plex-Konto: was du siehst und dir wünschst, gehört dann dir",
                "fr": "Lie ton compte Plex, pour que ce que tu regardes et souhaites soit à toi",
                **_spanish("Vincula tu cuenta de Plex: lo que ves y deseas será tuyo"),
            },
        ),
    ),
    Declared(
        service="linker",
        command=Command(
            name="unlink",
            description="Remove the Plex account that you linked",
            name_localizations={"de": "trennen", "fr": "délier", **_spanish("desvincular")},
            description_localizations={
                "de": "Entferne das Plex-Konto, das du verknüpft hast",
                "fr": "Retire le compte Plex que tu as lié",
                **_spanish("Quita la cuenta de Plex que vinculaste"),
            },
        ),
    ),
    Declared(
        service="linker",
        command=Command(
            name="whoami",
            description="Show who Usher takes you for, and your accounts",
            name_localizations={"de": "werbinich", "fr": "quisuisje", **_spanish("quiensoy")},
            description_localizations={
                "de": "Zeige, für wen Usher dich hält, und deine Konten",
                "fr": "Montre pour qui Usher te prend, et tes comptes",
                **_spanish("Muestra por quién te toma Usher, y tus cuentas"),
            },
        ),
    ),
    Declared(
        service="syncer",
        command=Command(
            name="history",
            description="Show what you watched last",
            options=[
                Option(
                    type=OptionType.TEXT,
                    name="person",
                    description="Whose; others than you are for admins",
                    autocomplete=True,
                    max_length=100,
                    name_localizations={"fr": "personne", **_spanish("persona")},
                    description_localizations={
                        "de": "Von wem; andere als dich sehen nur Admins",
                        "fr": "De qui ; les autres sont réservés aux admins",
                        **_spanish("De quién; los demás son solo para admins"),
                    },
                )
            ],
            name_localizations={"de": "verlauf", "fr": "historique", **_spanish("historial")},
            description_localizations={
                "de": "Zeige, was du zuletzt gesehen hast",
                "fr": "Montre ce que tu as regardé en dernier",
                **_spanish("Muestra lo último que viste"),
            },
        ),
    ),
    Declared(
        service="linker",
        command=Command(
            name="help",
            description="Show what Usher can do here",
            name_localizations={"de": "hilfe", "fr": "aide", **_spanish("ayuda")},
            description_localizations={
                "de": "Zeige, was Usher hier kann",
                "fr": "Montre ce que fait Usher ici",
                **_spanish("Muestra lo que hace Usher aquí"),
            },
        ),
    ),
)
