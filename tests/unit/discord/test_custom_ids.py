"""What stands behind a component comes back as it was, and what is not ours is not taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.discord.custom_ids import LONGEST, CustomId, custom_id, parsed
from shared.errors import InvalidError


@pytest.mark.parametrize("state", [(), ("p1",), ("8p1v", "10"), ("", ""), ("movie:603"[:5], "a.b~c!")])
def test_what_is_made_comes_back(state: tuple[str, ...]) -> None:
    assert parsed(custom_id("syncer", "history", *state)) == CustomId("syncer", "history", state)


@pytest.mark.parametrize(
    ("service", "action", "state"),
    [
        ("syncer", "history", ("a:b",)),
        ("syncer", "history", ("a b",)),
        ("syncer", "history", ("é",)),
        ("syncer", "history", ("x" * 100,)),
        ("syncer", "history:x", ()),
        ("Syncer", "history", ()),
        ("", "history", ()),
        ("syncer", "", ()),
    ],
)
def test_what_would_not_come_back_is_not_made(service: str, action: str, state: tuple[str, ...]) -> None:
    with pytest.raises(InvalidError):
        custom_id(service, action, *state)


@given(st.text(max_size=150))
def test_whatever_comes_is_read_or_is_not_ours(text: str) -> None:
    found = parsed(text)

    assert found is None or (str(found) == text and len(text) <= LONGEST)
