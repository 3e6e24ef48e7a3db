import pytest

from shared.clients.plex_markup import count_elements
from shared.http.calls import RefusedError

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><MediaContainer><S n="&b;"/></MediaContainer>'


def test_elements_of_a_name_are_counted_wherever_they_stand() -> None:
    content = b'<?xml version="1.0"?><MediaContainer><S/><T><S x="<![CDATA[>"/></T><Section/></MediaContainer>'

    assert count_elements(content.replace(b'"<![CDATA[>"', b'"1"'), "S", api="plex.tv") == 2
    assert count_elements(b"<MediaContainer/>", "S", api="plex.tv") == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"<html/>", b"<MediaContainer>", b"<a/><b/>", b"\xff", BOMB, b"<MediaContainer>" * 10_000],
)
def test_what_is_no_container_of_plexs_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedError, match=r"^plex\.tv sent an answer that Usher does not understand"):
        count_elements(content, "S", api="plex.tv")
