"""Which encryption keys are used if both a variable and the data folder have some."""

from pathlib import Path

import pytest

from cli.folder import ENCRYPTION_KEYS, Folder
from shared.schemas.secret import Secret


@pytest.mark.parametrize(
    ("configured", "kept", "used"),
    [
        ("", "k1:one", "k1:one"),
        ("k2:two", "", "k2:two"),
        ("k2:two", "k1:one", "k2:two,k1:one"),
        ("k2:two,k1:one", "k1:one", "k2:two,k1:one"),
        ("k1:newer", "k1:one,k0:zero", "k1:newer,k0:zero"),
    ],
)
def test_the_folders_own_keys_stand_behind_those_of_the_variable(
    tmp_path: Path, configured: str, kept: str, used: str
) -> None:
    folder = Folder(str(tmp_path))
    folder.make()
    if kept:
        folder.keep(ENCRYPTION_KEYS, lambda: Secret(kept))

    assert folder.encryption_keys(Secret(configured)) == Secret(used)
