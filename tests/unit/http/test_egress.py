"""The rules of where to connect, compared with `ipaddress` and with C's parsing of odd spellings."""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_network

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.egress import OWN_PORTS, Egress, EgressError, canonical, literal, ports_of, private_networks
from shared.schemas.secret import Secret
from shared.settings import SettingsError

ALL = Egress()
HOME = Egress(private=(ip_network("192.168.1.0/24"), ip_network("fd12::/48")))

FOUR = st.ip_addresses(v=4)
SIX = st.ip_addresses(v=6) | FOUR.map(lambda address: IPv6Address(f"::ffff:{address}"))


def is_allowed(egress: Egress, address: str) -> bool:
    try:
        egress.check_addresses([address])
    except EgressError:
        return False
    return True


def spelled(address: IPv4Address, parts: int, bases: list[str]) -> str:
    """Spell an address in one to four parts, each in octal, decimal or hex, as `inet_aton` reads them."""
    value = int(address)
    leading = [value >> shift & 255 for shift in (24, 16, 8)[: parts - 1]]
    numbers = [*leading, value & ((1 << 8 * (5 - parts)) - 1)]
    return ".".join(format(number, base) for number, base in zip(numbers, bases, strict=False))


BASES = st.lists(st.sampled_from(["d", "#x", "#X"]), min_size=4, max_size=4)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.5",
        "172.16.3.4",
        "192.168.1.20",
        "100.64.0.7",
        "fd00::5",
        "1.1.1.1",
        "2606:4700::1111",
        "::ffff:192.168.1.20",
    ],
)
def test_homes_and_the_internet_are_allowed(address: str) -> None:
    assert is_allowed(ALL, address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104  # nothing is bound
        "0.1.2.3",
        "::",
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.0.192",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "::169.254.169.254",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001::1",
        "100::1",
        "5f00::1",
        "not an address",
        "127.0.0.1 ",
        "",
    ],
)
def test_what_only_an_attacker_asks_for_is_refused(address: str) -> None:
    assert not is_allowed(ALL, address)


def test_one_refused_address_refuses_all() -> None:
    with pytest.raises(EgressError):
        ALL.check_addresses(["1.1.1.1", "169.254.169.254"])


def test_no_address_is_refused() -> None:
    with pytest.raises(EgressError):
        ALL.check_addresses([])


def test_a_mapped_address_is_dialled_as_what_it_stands_for() -> None:
    assert ALL.check_addresses(["::ffff:192.168.1.20"]) == [IPv4Address("192.168.1.20")]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.168.1.20", True),
        ("::ffff:192.168.1.20", True),
        ("fd12::7", True),
        ("1.1.1.1", True),
        ("192.168.2.20", False),
        ("127.0.0.1", False),
        ("::1", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
    ],
)
def test_narrowing_leaves_the_listed_networks_and_the_internet(address: str, *, allowed: bool) -> None:
    assert is_allowed(HOME, address) is allowed


def test_a_listed_network_never_opens_what_is_always_refused() -> None:
    egress = Egress(private=(ip_network("0.0.0.0/0"), ip_network("::/0")))

    assert not is_allowed(egress, "169.254.169.254")
    assert not is_allowed(egress, "fe80::1")


def has_reason(address: IPv4Address | IPv6Address) -> bool:
    """Return what `ipaddress` knows about an address that is not a mapped one."""
    is_odd = address.is_multicast or address.is_link_local or address.is_unspecified
    if isinstance(address, IPv4Address):
        return is_odd or address.is_reserved or any(address in network for network in V4_ONLY)
    is_stand_in = address.sixtofour or address.teredo or any(address in network for network in V6_ONLY)
    return is_odd or address.is_site_local or (bool(is_stand_in) and not address.is_loopback)


V4_ONLY = [ip_network(text) for text in ("0.0.0.0/8", "192.0.0.0/24", "100.100.100.200/32", "168.63.129.16/32")]
V6_ONLY = [
    ip_network(text)
    for text in (
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "100::/64",
        "5f00::/16",
        "fd00:ec2::254/128",
        "fd20:ce::254/128",
    )
]


@given(FOUR | SIX)
def test_what_is_refused_agrees_with_ipaddress(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None

    assert is_allowed(ALL, str(address)) is not has_reason(mapped or address)


@given(FOUR | SIX)
def test_narrowing_agrees_with_ipaddress(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    plain = mapped or address
    is_listed = plain in ip_network("192.168.1.0/24") or plain in ip_network("fd12::/48")

    assert is_allowed(HOME, str(address)) is (not has_reason(plain) and (plain.is_global or is_listed))


@given(FOUR)
def test_a_mapped_address_is_judged_as_the_one_it_hides(address: IPv4Address) -> None:
    assert is_allowed(ALL, f"::ffff:{address}") is is_allowed(ALL, str(address))
    assert is_allowed(HOME, f"::ffff:{address}") is is_allowed(HOME, str(address))


@given(FOUR)
def test_nat64_and_6to4_hide_nothing(address: IPv4Address) -> None:
    packed = int(address)

    assert not is_allowed(ALL, str(IPv6Address((0x64FF9B << 96) | packed)))
    assert not is_allowed(ALL, str(IPv6Address((0x2002 << 112) | (packed << 80))))


@given(FOUR, st.integers(1, 4), BASES)
def test_odd_spellings_are_read_as_c_reads_them(address: IPv4Address, parts: int, bases: list[str]) -> None:
    text = spelled(address, parts, bases)

    assert literal(text) == address == IPv4Address(socket.inet_aton(text))


@given(FOUR, st.integers(1, 3))
def test_octal_spellings_are_read_as_c_reads_them(address: IPv4Address, parts: int) -> None:
    text = ".".join(f"0{int(part, 0):o}" for part in spelled(address, parts, ["d"] * 4).split("."))

    assert literal(text) == address == IPv4Address(socket.inet_aton(text))


@given(st.text("0123456789abcdefxX.:[]%", max_size=24))
def test_whatever_c_takes_for_an_address_is_taken_for_the_same_one(text: str) -> None:
    try:
        expected = IPv4Address(socket.inet_aton(text))
    except OSError:
        return

    assert literal(text) == expected


@given(SIX)
def test_a_v6_literal_is_read_with_and_without_brackets(address: IPv6Address) -> None:
    assert literal(str(address)) == literal(f"[{address.exploded}]") == address


@pytest.mark.parametrize(
    ("written", "is_"),
    [
        ("HTTP://Attic.Example:80", "http://attic.example"),
        ("https://ATTIC:443/Seerr", "https://attic/Seerr"),
        ("http://attic:443", "http://attic:443"),
        ("http://[FD00:0::5]:32400", "http://[fd00::5]:32400"),
        ("http://127.0.0.1:5055/a%20b", "http://127.0.0.1:5055/a%20b"),
    ],
)
def test_an_address_has_one_way_to_be_written(written: str, is_: str) -> None:
    assert canonical(written) == canonical(canonical(written)) == is_


@pytest.mark.parametrize("host", ["plex.tv", "attic", "1.2.3.4.5", "256.1.1.1.", "0x", "08.1.1.1", "1..2", "", "-1"])
def test_a_name_is_no_literal(host: str) -> None:
    assert literal(host) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:32400",
        "https://attic.example:8096/jellyfin",
        "http://[fd00::5]:32400",
        "http://plex.tv",
        "HTTPS://PLEX.TV/",
        "http://2130706433:8096",
    ],
)
def test_addresses_of_media_servers_pass(url: str) -> None:
    ALL.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "plex.tv",
        "//plex.tv",
        "ftp://plex.tv",
        "file:///etc/passwd",
        "unix:/run/postgresql",
        "gopher://plex.tv",
        "http://",
        "http:///path",
        "http://user@plex.tv",
        "http://user:password@plex.tv",
        "http://:@plex.tv",
        "http://plex.tv:0",
        "http://plex.tv:99999",
        "http://plex.tv:port",
        "http://attic:4222",
        "http://attic:5432/",
        "https://attic:8222",
        "http://169.254.169.254/latest/meta-data",
        "http://0xa9fea9fe/",
        "http://2852039166/",
        "http://0251.0376.0251.0376./",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://0/",
        "http://0.0.0.0/",
        "http://plex.tv\n.evil/",
        "http://plex.tv\x00/",
        "http://[::1",
        "http://" + "a" * 70_000,
    ],
)
def test_addresses_that_can_never_be_right_are_refused(url: str) -> None:
    with pytest.raises(EgressError):
        ALL.check_url(url)


@given(st.text(max_size=60).map("http://".__add__) | st.text(max_size=60))
def test_any_text_passes_or_is_refused(url: str) -> None:
    with suppress(EgressError):
        ALL.check_url(url)
        assert httpx.URL(url).host


@given(FOUR, st.integers(1, 3), BASES)
def test_a_refused_address_is_refused_in_every_spelling(address: IPv4Address, parts: int, bases: list[str]) -> None:
    url = f"http://{spelled(address, parts, bases)}:8096/"

    if is_allowed(ALL, str(address)):
        ALL.check_url(url)
    else:
        with pytest.raises(EgressError):
            ALL.check_url(url)


def test_refusals_never_repeat_the_address() -> None:
    with pytest.raises(EgressError) as refused:
        ALL.check_url("http://user:hunter2@plex.tv/?X-Plex-Token=abc")

    assert "hunter2" not in refused.value.detail
    assert "abc" not in refused.value.detail


@pytest.mark.parametrize(
    ("address", "ports"),
    [
        ("nats://127.0.0.1:4333", {4333}),
        ("nats://u:p@a:1,nats://b:2/", {1, 2}),
        ("postgresql://usher:12345@db:6000/usher", {6000}),
        ("postgresql://usher@db1:6000,db2:6001/usher", {6000, 6001}),
        ("postgresql:///usher?host=/run/postgresql&port=6002", {6002}),
        ("postgresql://usher@[::1]:6003/usher", {6003}),
        ("postgresql:///usher", set()),
    ],
)
def test_the_ports_of_our_own_parts_are_found(address: str, ports: set[int]) -> None:
    assert ports_of([Secret(address)]) == ports


def test_configured_ports_are_refused_beside_the_usual_ones() -> None:
    egress = Egress(denied_ports=OWN_PORTS | ports_of([Secret("nats://127.0.0.1:4333")]))

    for port in (4222, 4333, 5432):
        with pytest.raises(EgressError):
            egress.check_port(port)


def test_private_networks_are_read_from_a_setting() -> None:
    assert private_networks("192.168.1.0/24, fd12::/48") == (ip_network("192.168.1.0/24"), ip_network("fd12::/48"))
    assert private_networks(" ") is None


@pytest.mark.parametrize("text", ["home", "192.168.1.0/33", "192.168.1.5/24", ",", "10.0.0.0/8,"])
def test_a_malformed_network_names_the_variable(text: str) -> None:
    with pytest.raises(SettingsError, match="USHER_ALLOW_PRIVATE"):
        private_networks(text)
