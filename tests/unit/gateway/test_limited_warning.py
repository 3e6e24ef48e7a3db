"""Warnings that are rare, however often their cause occurs."""

from datetime import timedelta

from structlog.testing import capture_logs

from services.gateway.limited_warning import LimitedWarning


def test_it_is_given_at_once_and_then_once_a_minute_with_the_count_since() -> None:
    now = [0.0]
    notice = LimitedWarning("too_many", every=timedelta(minutes=1), clock=lambda: now[0])

    with capture_logs() as lines:
        for second in range(0, 120, 10):
            now[0] = float(second)
            notice.warn(most=3)

    assert [(line["event"], line["log_level"], line["most"], line["times"]) for line in lines] == [
        ("too_many", "warning", 3, 1),
        ("too_many", "warning", 3, 6),
    ]
