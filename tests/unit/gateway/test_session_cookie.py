"""The session among the cookies that a browser sends."""

import pytest

from services.gateway.access.session_cookie import NAME, cookies_in, session_in

SESSION = "ushs_of-this-browser"


@pytest.mark.parametrize(
    "others",
    ["a=b c", "=x", "y", "", 'a@b="', 'settings={"theme": "dark, bold"}', "a[b]=c", "Path=/", "ü=\xff", "x=y=z"],
)
def test_a_cookie_of_another_program_on_the_host_hides_no_session(others: str) -> None:
    for cookies in (f"{NAME}={SESSION}; {others}", f"{others}; {NAME}={SESSION}"):
        assert session_in([(b"cookie", cookies.encode("latin-1"))]) == SESSION, cookies


def test_a_value_in_quotes_is_what_stands_between_them() -> None:
    assert cookies_in([(b"cookie", b'usher_notice="ZG9uZQ=="; a=1'), (b"cookie", b"b=2")]) == {
        "usher_notice": "ZG9uZQ==",
        "a": "1",
        "b": "2",
    }


def test_what_is_no_session_is_none() -> None:
    assert session_in([(b"cookie", b"usher_session=usha_a-key")]) is None
    assert session_in([(b"host", b"usher_session=ushs_x")]) is None
