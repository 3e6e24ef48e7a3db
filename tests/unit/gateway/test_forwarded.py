"""Callers behind a proxy: only trusted proxies are believed."""

import pytest

from services.gateway.forwarded import caller, networks
from shared.settings import SettingsError

TRUSTED = networks("127.0.0.1, 172.16.0.0/12, ::1")


@pytest.mark.parametrize(
    ("peer", "hops", "found"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", [b"198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", [b"198.51.100.1"], "198.51.100.1"),
        ("::ffff:127.0.0.1", [b"198.51.100.1"], "198.51.100.1"),
        ("::1", [b"2001:db8::7"], "2001:db8::7"),
        ("127.0.0.1", [b"[2001:db8::7]"], "2001:db8::7"),
        ("127.0.0.1", [b"10.0.0.1, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", [b"10.0.0.1", b"198.51.100.1, 172.18.0.2"], "198.51.100.1"),
        ("127.0.0.1", [b"198.51.100.1, unknown, 172.18.0.2"], "172.18.0.2"),
        ("127.0.0.1", [b"unknown"], "127.0.0.1"),
        ("127.0.0.1", [b""], "127.0.0.1"),
        ("127.0.0.1", [b"172.18.0.2"], "172.18.0.2"),
        ("127.0.0.1", [b"198.51.100.1," + b"127.0.0.1," * 5000 + b"127.0.0.1"], "127.0.0.1"),
        ("127.0.0.1", [b"\xff\x00, 198.51.100.1:99"], "127.0.0.1"),
    ],
)
def test_the_caller_is_the_last_one_who_is_no_trusted_proxy(peer: str, hops: list[bytes], found: str) -> None:
    assert caller(peer, hops, TRUSTED) == found


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert caller("127.0.0.1", [b"198.51.100.1"], networks("")) == "127.0.0.1"


@pytest.mark.parametrize("text", ["proxy.lan", "10.0.0.0/33", "127.0.0.1;::1", "300.1.1.1"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(SettingsError, match="USHER_TRUSTED_PROXIES"):
        networks(text)
