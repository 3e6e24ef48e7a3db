import os

from cli.supervisor.disk import free


def test_what_is_kept_back_for_root_is_no_room() -> None:
    found = os.statvfs_result((4096, 4096, 1000, 50, 0, 100, 50, 50, 0, 255))

    assert free(found) == 0
