"""Are the settings right, all of them? Services stop at the first wrong one."""

from typing import Final

from cli.checks.finding import Finding, fail, ok, warn
from cli.settings import KINDS, MADE_BY_RUN
from shared import settings
from shared.errors import PermanentError
from shared.http.egress import private_networks
from shared.keyring import Keyring
from shared.schemas.secret import Secret
from shared.settings import SettingsError, UpstreamSettings

_DISCORD: Final = ("discord_application_id", "discord_public_key", "discord_bot_token")
_TOGETHER: Final = (
    ("seerr_url", "seerr_api_key"),
    ("plex_host", "plex_token"),
    ("trakt_client_id", "trakt_client_secret"),
)
_OWN: Final = "USHER_"
_TESTS: Final = ("USHER_TEST_", "USHER_SHARED_DIR")


def check_variables() -> list[Finding]:
    """Check every variable by itself."""
    wrong = {text for kind in KINDS for text in settings.problems(kind, given=MADE_BY_RUN)}
    wrong |= set() if wrong else _wrong_networks(settings.load(UpstreamSettings).usher_allow_private)
    findings = [fail("settings", text, "change the variable or the .env file") for text in sorted(wrong)]
    findings += [
        warn("settings", f"{name} is no setting of Usher", "look for a spelling mistake")
        for name in settings.unknown_variables(KINDS, prefix=_OWN)
        if not name.startswith(_TESTS)
    ]
    findings += _aliases()
    return findings or [ok("settings", "every variable that is set can be read")]


def _aliases() -> list[Finding]:
    """Name the variables that are set by another tool's name."""
    own = {alias: name for name, alias in settings.ALIASES.items()}
    return [
        ok("settings", f"{own[alias]} is read from {alias}")
        if counts
        else warn("settings", f"{alias} is not read, because {own[alias]} is set too", f"remove {alias}")
        for alias, counts in settings.aliases().items()
    ]


def _wrong_networks(text: str) -> set[str]:
    try:
        private_networks(text)
    except SettingsError as exc:
        return {exc.detail}
    return set()


def check_upstreams(config: UpstreamSettings) -> list[Finding]:
    """Check variables that belong together."""
    others = [_check_group(names[0].partition("_")[0].title(), config, names) for names in _TOGETHER]
    return [_check_group("Discord", config, _DISCORD), *others]


def _check_group(system: str, config: UpstreamSettings, names: tuple[str, ...]) -> Finding:
    absent = [name.upper() for name in names if not getattr(config, name)]
    if len(absent) == len(names):
        return ok(system, "not set up by variables")
    if absent:
        given = [name.upper() for name in names if name.upper() not in absent]
        return fail(system, f"{', '.join(given)} without {', '.join(absent)}", "set all of them, or none")
    return ok(system, "its variables are complete")


def check_keys(keys: Secret) -> Finding:
    """Check the encryption keys."""
    if not keys:
        return warn("encryption keys", "there are none yet", "start Usher once, or set USHER_ENCRYPTION_KEYS")
    try:
        ring = Keyring.parse(keys)
    except PermanentError as exc:
        return fail("encryption keys", exc.detail, "restore the key from your backup: without it credentials are lost")
    return ok("encryption keys", f"{ring.first} encrypts, {len(ring.ids)} decrypt")
