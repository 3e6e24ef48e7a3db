"""The count of what a file of the spool should hold, over restarts and damage of its own."""

from pathlib import Path

import pytest

from services.gateway.spool.ledger import Ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool-0.sqlite.count"


def test_what_nobody_said_is_not_known(path: Path) -> None:
    ledger = Ledger(path)

    assert (ledger.records, ledger.is_damaged) == (None, False)
    assert not path.exists()


@pytest.mark.parametrize("durably", [True, False])
def test_what_was_said_last_is_remembered(path: Path, durably: bool) -> None:  # noqa: FBT001
    ledger = Ledger(path)
    for records in (3, 70_000, 5):
        ledger.expect(records, durably=durably)

    assert Ledger(path).records == 5  # the first one was not closed: as after a kill


@pytest.mark.parametrize("content", [b"", b"\x05", b"\x05" + b"\0" * 15, b"\xff" * 16, b"\0" * 17])
def test_a_damaged_count_is_no_count(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    ledger = Ledger(path)
    assert (ledger.records, ledger.is_damaged) == (None, True)

    ledger.expect(7)

    assert Ledger(path).records == 7


def test_a_closed_one_leaves_the_file_to_another(path: Path) -> None:
    old = Ledger(path)
    old.expect(9)
    old.close()
    Ledger(path).expect(1)

    old.expect(8)

    assert Ledger(path).records == 1


def test_where_it_cannot_be_kept_the_records_come_first(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "nowhere" / "spool-0.sqlite.count")

    ledger.expect(4, durably=True)

    assert ledger.records == 4


def test_what_cannot_be_finished_leaves_no_file_and_no_descriptor(path: Path) -> None:
    ledger = Ledger(path)
    path.mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))

    ledger.expect(4)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
