"""Which address of a Plex server is tried first."""

from hypothesis import given
from hypothesis import strategies as st

from shared.clients.plex_connections import Connection, usable

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


@given(st.lists(st.builds(Connection, uri=st.text(), local=st.booleans(), relay=st.booleans(), address=st.text())))
def test_no_list_of_addresses_breaks_it(connections: list[Connection]) -> None:
    tried = usable(connections, https_required=False)

    assert len({connection.uri for connection in tried}) == len(tried)
