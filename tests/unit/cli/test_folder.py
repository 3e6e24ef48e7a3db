import stat
from pathlib import Path

import pytest

from cli.folder import Folder, FolderError
from shared.schemas.secret import Secret


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(str(tmp_path / "data"))
    made.make()
    return made


def test_a_secret_is_generated_once_and_for_the_owner_only(folder: Folder) -> None:
    made: list[str] = []

    def make() -> Secret:
        made.append("again")
        return Secret(f"secret-{len(made)}")

    first, second = folder.keep("key", make), folder.keep("key", make)

    assert first == second
    assert made == ["again"]
    assert folder.secret("key") == Secret("secret-1")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600


def test_a_half_written_secret_of_an_earlier_start_is_not_in_the_way(folder: Folder) -> None:
    (folder.secrets / ".key.unfinished").write_text("half")

    folder.keep("key", lambda: Secret("whole"))

    assert folder.secret("key") == Secret("whole")
    assert [path.name for path in folder.secrets.iterdir()] == ["key"]


def test_folders_that_others_may_read_are_closed(folder: Folder) -> None:
    folder.secrets.chmod(0o755)

    folder.make()

    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o700


def test_a_file_in_the_place_of_the_folder_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    with pytest.raises(FolderError, match=r"^the data folder cannot be used \(.*data: File exists\)"):
        Folder(str(tmp_path / "data")).make()


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "none"))

    assert folder.read_published("address") == ""
    assert not folder.secret("local_api_key")
