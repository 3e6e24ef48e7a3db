"""A migration that was applied somewhere is never changed, or no service would start there again: add a new file.

A new file gets its line here.
"""

from pathlib import Path
from typing import Final

from shared.postgres.migrations import Migration

REPOSITORY: Final = Path(__file__).parents[2]
CHECKSUMS: Final = {
    "services/gateway/migrations/0001_events.sql": "7d3242cc62c79839b3bcbfd85b65ad5d10e697face317d3c6d2540f67bd261ab",
    "services/gateway/migrations/0002_access.sql": "0b9ee45274359cce0b99c99ac3cd4cd6bd155ec0c9d5522e275252bc3c78f380",
    "services/gateway/migrations/0003_audit.sql": "b3b4bb7f8e85d92992e38cc1525b392fe4d348451fc48d92e0dbaffa5672cd1d",
    "services/gateway/migrations/0004_tries.sql": "b41434f5bbc51a753c69d20ff96f95d1bc88da1adcd17f24f50a135054a78ad5",
    "services/gateway/migrations/0005_refused_senders.sql": (
        "50b2435ca45ced5bd4eb2b6873992814644d8ae32c4b67cb7f192774242587da"
    ),
    "services/gateway/migrations/0006_known_runs.sql": (
        "99437f6af8b325f85efe536f93f905cde7383ae056ed7bb70091832f7f5a43fe"
    ),
    "services/gateway/migrations/0007_persons.sql": "1a84a65ca8d11659fd87db4c26aa78984297627959861fef2cdac7e9378df38f",
    "services/linker/migrations/0001_people.sql": "7602b00c27a471bfe02f9606bcc258c445a1c1e865a5ad0a60a874d3004ebb97",
    "services/linker/migrations/0002_links.sql": "a42633c969e8123d11859ef25297765d5e3643ef81e0d4147f04a8387dfa5f69",
    "services/linker/migrations/0003_revisions_and_wanted.sql": (
        "8c2b9ae889b30f8f12be17cebca726c60234f6d2a9031af8c2a7a94ebe92bafb"
    ),
    "services/linker/migrations/0004_seerr_proofs.sql": (
        "c45f38dc93ba43bb1875900e21a562db31b0fb9bf16dd8785105c6f07ed70b92"
    ),
    "services/linker/migrations/0005_undoing.sql": ("d078926b504a06401cb9ceb883cbcac0736eab395fbb237b40fb162d6a972eda"),
    "services/linker/migrations/0006_forgotten.sql": (
        "bf05fc9bd8901cfa1e4a16e63cec1e3460ca556800f1f4991f3278d034d1c330"
    ),
    "services/syncer/migrations/0001_history.sql": "6939d758b4e1bcb6fd9c8c29cc69e37aebd09a76f64770b75748f0e7231fd94d",
    "services/syncer/migrations/0002_user_settings.sql": (
        "b7a2a86ab717d7abce25ef8b6789b8f463f8e55ad4707b79c9303c25da25cd98"
    ),
    "services/syncer/migrations/0003_begins.sql": "749383d4e151b4a40749f10d5cb2372098dbeccd7f2a28bcff0c640c3179d2e6",
    "services/syncer/migrations/0004_undoing.sql": ("6be174a9b196a07faff0ef559be68a7bf4fa434255bc2c531adb4114c4584e8b"),
    "services/syncer/migrations/0005_forgotten.sql": (
        "4e1024c3901df02b7012847e2c033c75c02d38479511a421579072f796e96d5a"
    ),
    "services/syncer/migrations/0006_play_names.sql": (
        "1edcd695f75ccd179ddfb543abccce3c68f389d6c1fa010cdf59208da2aff2c6"
    ),
    "shared/bus/migrations/0001_inbox_outbox.sql": "8218b847a1616169a605f5951a9c9da7682b92c9fed415fd7bbf414db560e30a",
    "shared/bus/migrations/0002_first_try.sql": "dd4059e2f95c6692405d5d64fa4c57929be5f4abd201d14457dc1cfc30680c3c",
    "shared/runs/migrations/0001_runs.sql": "6553cd4196f7bd62c041ae5a14e6b26fa9dd66a004f0f77231b7139513d16765",
    "shared/migrations/0001_credentials.sql": "1faf0795fb5977d242ff67ebc028d920a4777d25094191a7185ef0269a60c0f8",
    "shared/migrations/0002_upstreams.sql": "e0a72f941c3a21473512b00bc78d42428cb38bfd1da4b30bce7abebde356b22f",
}


def test_migrations_are_as_they_were_applied() -> None:
    files = (file for part in ("services", "shared") for file in (REPOSITORY / part).rglob("migrations/*.sql"))

    found = {
        name: Migration(name, file.read_text(encoding="utf-8")).checksum
        for file in files
        for name in [file.relative_to(REPOSITORY).as_posix()]
    }

    assert found == CHECKSUMS
