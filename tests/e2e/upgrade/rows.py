"""Which migrations had been applied, and what was in the vault; the other rows are in the `.sql` files beside this."""

from typing import Final

from tests.e2e.upgrade.sealed import WEBHOOK_SECRET, sealed
from tests.e2e.upgrade.town import Surroundings

MIGRATIONS: Final = {
    "shared": {
        "shared/0001_credentials.sql": "1faf0795fb5977d242ff67ebc028d920a4777d25094191a7185ef0269a60c0f8",
    },
    "gateway": {
        "services.gateway/0001_events.sql": "7d3242cc62c79839b3bcbfd85b65ad5d10e697face317d3c6d2540f67bd261ab",
        "services.gateway/0002_access.sql": "0b9ee45274359cce0b99c99ac3cd4cd6bd155ec0c9d5522e275252bc3c78f380",
        "services.gateway/0003_audit.sql": "b3b4bb7f8e85d92992e38cc1525b392fe4d348451fc48d92e0dbaffa5672cd1d",
        "services.gateway/0004_tries.sql": "b41434f5bbc51a753c69d20ff96f95d1bc88da1adcd17f24f50a135054a78ad5",
        "services.gateway/0005_refused_senders.sql": "50b2435ca45ced5bd4eb2b6873992814644d8ae32c4b67cb7f192774242587da",
    },
    "linker": {
        "services.linker/0001_people.sql": "7602b00c27a471bfe02f9606bcc258c445a1c1e865a5ad0a60a874d3004ebb97",
        "services.linker/0002_links.sql": "a42633c969e8123d11859ef25297765d5e3643ef81e0d4147f04a8387dfa5f69",
        "services.linker/0003_revisions_and_wanted.sql": (
            "8c2b9ae889b30f8f12be17cebca726c60234f6d2a9031af8c2a7a94ebe92bafb"
        ),
        "services.linker/0004_seerr_proofs.sql": "c45f38dc93ba43bb1875900e21a562db31b0fb9bf16dd8785105c6f07ed70b92",
    },
    "syncer": {
        "services.syncer/0001_history.sql": "6939d758b4e1bcb6fd9c8c29cc69e37aebd09a76f64770b75748f0e7231fd94d",
        "services.syncer/0002_user_settings.sql": "b7a2a86ab717d7abce25ef8b6789b8f463f8e55ad4707b79c9303c25da25cd98",
        "services.syncer/0003_begins.sql": "749383d4e151b4a40749f10d5cb2372098dbeccd7f2a28bcff0c640c3179d2e6",
    },
    "requester": {},
}
"""The applied files by schema, under the names stored then, with their checksums."""
OF_THE_BUS: Final = {
    "shared.bus/0001_inbox_outbox.sql": "8218b847a1616169a605f5951a9c9da7682b92c9fed415fd7bbf414db560e30a",
    "shared.bus/0002_first_try.sql": "dd4059e2f95c6692405d5d64fa4c57929be5f4abd201d14457dc1cfc30680c3c",
}
"""Applied to each service's schema before its own."""

SCHEMAS: Final = ("gateway", "linker", "syncer")
"""The schemas whose rows are in a file beside this one."""


def credentials(around: Surroundings) -> list[tuple[str, str, str, str, bytes]]:
    """Return the rows of the vault: owners and sealed secrets."""
    town = around.town
    owner = town.residents["martha"].plex
    secrets = {
        ("webhook_secret", "h-own", "usher", "token"): WEBHOOK_SECRET,
        ("server", "Attic", "plex", "token"): town.plex_tv.accounts.sign_in(owner),
        ("server", "Cellar", "jellyfin", "token"): town.jellyfin_key,
        ("server", "Seerr", "seerr", "token"): town.seerr.authentication.api_key,
        ("account", "/5005", "plex", "token"): around.plex_tokens["emil"],
        ("account", "/5015", "plex", "token"): around.plex_tokens["uma"],
        ("sign_in", "s-otto", "discord", "reply"): around.tokens["sign_in"],
        ("user", "de4a9f445099c4540f611ff1fe46efc0", "seerr", "password"): "a first password",
    }
    return [(*whose, sealed(*whose, secret)) for whose, secret in secrets.items()]
