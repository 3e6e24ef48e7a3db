"""Which address of a Plex server is tried first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.plex_connections import Connection, unusable, usable

LOCAL = Connection(uri="https://192-168-1-20.m1.plex.direct:32400", local=True, address="192.168.1.20", port=32400)
LOCAL_6 = Connection(uri="https://fd00--1.m1.plex.direct:32400", local=True, address="fd00::1", ipv6=True)
REMOTE = Connection(uri="https://203-0-113-5.m1.plex.direct:12345", address="203.0.113.5", port=12345)
REMOTE_PLAIN = Connection(uri="http://203.0.113.5:12345", address="203.0.113.5", port=12345)
RELAY = Connection(uri="https://172-1-1-1.m1.plex.direct:8443", relay=True, address="172.1.1.1", port=8443)


def order(*connections: Connection, https_required: bool = True) -> list[str]:
    return [connection.uri for connection in usable(connections, https_required=https_required)]


def test_local_comes_before_remote_and_relays_come_last() -> None:
    assert order(RELAY, REMOTE, LOCAL) == [LOCAL.uri, REMOTE.uri, RELAY.uri]


def test_https_comes_first_among_equals() -> None:
    assert order(REMOTE_PLAIN, REMOTE) == [REMOTE.uri, REMOTE_PLAIN.uri]


def test_ipv4_comes_before_ipv6() -> None:
    assert order(LOCAL_6, LOCAL) == [LOCAL.uri, LOCAL_6.uri]


def test_a_relay_that_calls_itself_local_is_still_last() -> None:
    odd = Connection(uri="https://relay:8443", local=True, relay=True, address="10.0.0.1")

    assert order(odd, REMOTE, https_required=False) == [REMOTE.uri, odd.uri]


def test_a_local_address_is_tried_without_its_name_too() -> None:
    assert order(LOCAL, REMOTE, https_required=False) == [LOCAL.uri, "http://192.168.1.20:32400", REMOTE.uri]


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert order(LOCAL_6, https_required=False) == [LOCAL_6.uri, "http://[fd00::1]:32400"]


def test_an_address_that_is_named_twice_is_tried_once() -> None:
    plain = Connection(uri="http://192.168.1.20:32400", local=True, address="192.168.1.20")

    assert order(LOCAL, LOCAL, plain, https_required=False) == [LOCAL.uri, plain.uri]


def test_what_is_no_web_address_is_left_out() -> None:
    odd = [Connection(uri=uri) for uri in ("", "file:///etc/passwd", "gopher://x", "http//x", "http://[::1", "x")]

    assert order(*odd, REMOTE) == [REMOTE.uri]


@pytest.mark.parametrize("address", ["::ffff:192.168.0.67", "[::ffff:192.168.0.67]"])
def test_an_address_may_come_in_brackets(address: str) -> None:
    known = Connection(uri="http://[::ffff:192.168.0.67]:32400", local=True, address=address, ipv6=True)

    assert order(known, https_required=False) == [known.uri]
    assert unusable([known]) == []


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "plex.tv names no address here"),
        ("http://2001:db8::1:32400", "The address cannot be read"),
        ("http://[[::1]]:32400", "The address cannot be read"),
        ("http://[zz]:32400", "The address cannot be read"),
        ("http://10.0.0.1:port", "The address cannot be read"),
        ("http://xn--99999.com:32400", "The address cannot be read"),
        ("http://xn--a.com:32400", "The address cannot be read"),
        ("http://10.0.0.1:70000", "The port must be from 1 to 65535"),
        ("http://10.0.0.1:0", "The port must be from 1 to 65535"),
        ("10.0.0.1:32400", "The address"),
        ("ftp://10.0.0.1:32400", "The address must begin with http"),
        ("http:///web", "The address names no host"),
        ("http://10.0.0.1:32400/?a=b", "The address must end before"),
        ("http://10.0.0.1:32400/#a", "The address must end before"),
        ("http://canary:canary@10.0.0.1:32400", "The address must not hold a user name or password"),
        ("http://canary@10.0.0.1:32400", "The address must not hold a user name or password"),
        ("http://10.0.0.1/" + "x" * 500, "The address is longer than 500 characters"),
    ],
)
def test_what_cannot_be_dialled_says_why_and_keeps_what_is_secret(uri: str, reason: str) -> None:
    odd = Connection(uri=uri, address="")

    assert order(odd, REMOTE) == [REMOTE.uri]
    assert unusable([odd, REMOTE, odd]) == [odd]
    assert (odd.problem or "").startswith(reason)
    assert "canary" not in f"{odd.shown} {odd.problem}"


@pytest.mark.parametrize("uri", ["", "http://fd00::1:32400", "http://u:p@10.0.0.1:32400"])
def test_a_local_address_is_tried_by_its_number_where_its_name_is_odd(uri: str) -> None:
    odd = Connection(uri=uri, local=True, address="fd00::1", ipv6=True)

    assert order(odd, https_required=False) == ["http://[fd00::1]:32400"]
    assert order(odd, https_required=True) == []


@given(st.lists(st.builds(Connection, uri=st.text(), local=st.booleans(), relay=st.booleans(), address=st.text())))
def test_no_list_of_addresses_breaks_it(connections: list[Connection]) -> None:
    tried = usable(connections, https_required=False)

    assert len({connection.uri for connection in tried}) == len(tried)
