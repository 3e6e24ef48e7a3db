from pathlib import Path

from cli.supervisor import logfile


def test_a_log_is_appended_to_and_for_the_owner_only(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        with logfile.open_log(tmp_path / "nats.log") as log:
            log.write(word)

    assert (tmp_path / "nats.log").read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "nats.log").stat().st_mode & 0o077 == 0


def test_a_large_log_is_put_aside_and_the_one_before_it_goes(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    (tmp_path / "nats.log.1").write_bytes(b"oldest")
    log.write_bytes(b"x" * (logfile.LARGE + 1))

    with logfile.open_log(log) as opened:
        opened.write(b"new")

    assert log.read_bytes() == b"new"
    assert (tmp_path / "nats.log.1").stat().st_size == logfile.LARGE + 1


def test_the_end_of_a_log_is_all_that_is_read(tmp_path: Path) -> None:
    log = tmp_path / "nats.log"
    log.write_bytes(b"x" * 100_000 + b"\nthe end\n")

    assert len(logfile.tail(log)) == 4096
    assert logfile.tail(log).endswith(b"the end\n")
    assert logfile.tail(tmp_path / "none") == b""
