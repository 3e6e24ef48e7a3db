"""The expected count of a spool file's records, over restarts and damage."""

from pathlib import Path

import pytest

from services.gateway.spool.expected_count import ExpectedCount


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool-0.sqlite.count"


def test_what_nobody_said_is_not_known(path: Path) -> None:
    expected = ExpectedCount(path)

    assert (expected.records, expected.is_damaged) == (None, False)
    assert not path.exists()


@pytest.mark.parametrize("durably", [True, False])
def test_what_was_said_last_is_remembered(path: Path, durably: bool) -> None:  # noqa: FBT001
    expected = ExpectedCount(path)
    for records in (3, 70_000, 5):
        expected.expect(records, durably=durably)

    assert ExpectedCount(path).records == 5  # the first one was not closed: as after a kill


@pytest.mark.parametrize("content", [b"", b"\x05", b"\x05" + b"\0" * 15, b"\xff" * 16, b"\0" * 17])
def test_a_damaged_count_is_no_count(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    expected = ExpectedCount(path)
    assert (expected.records, expected.is_damaged) == (None, True)

    expected.expect(7)

    assert ExpectedCount(path).records == 7


def test_a_closed_one_leaves_the_file_to_another(path: Path) -> None:
    old = ExpectedCount(path)
    old.expect(9)
    old.close()
    ExpectedCount(path).expect(1)

    old.expect(8)

    assert ExpectedCount(path).records == 1


def test_where_it_cannot_be_kept_the_records_come_first(tmp_path: Path) -> None:
    expected = ExpectedCount(tmp_path / "nowhere" / "spool-0.sqlite.count")

    expected.expect(4, durably=True)

    assert expected.records == 4


def test_what_cannot_be_finished_leaves_no_file_and_no_descriptor(path: Path) -> None:
    expected = ExpectedCount(path)
    path.mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))

    expected.expect(4)

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]
