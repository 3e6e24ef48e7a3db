"""Which credential came with a request."""

import pytest

from services.gateway.access.caller import credential_in


@pytest.mark.parametrize(
    ("headers", "credential"),
    [
        ([], None),
        ([(b"x-api-key", b"usha_1")], "usha_1"),
        ([(b"authorization", b"Bearer ushs_1")], "ushs_1"),
        ([(b"authorization", b"bearer   ushs_1 ")], "ushs_1"),
        ([(b"authorization", b"ushs_1")], None),
        ([(b"authorization", b"Bearer")], None),
        ([(b"authorization", b"Bearer ")], None),
        ([(b"authorization", b"Basic dXNlcjpwYXNz")], None),
        ([(b"x-api-key", b"usha_1"), (b"authorization", b"Bearer ushs_1")], "usha_1"),
        ([(b"x-api-key", b""), (b"authorization", b"Bearer ushs_1")], "ushs_1"),
        ([(b"x-api-key", b"\xff\x00")], "ÿ\x00"),
        ([(b"cookie", b"session=ushs_1")], None),
    ],
)
def test_the_credential_is_found(headers: list[tuple[bytes, bytes]], credential: str | None) -> None:
    assert credential_in(headers) == credential
