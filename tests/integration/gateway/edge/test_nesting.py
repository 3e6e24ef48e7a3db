"""Bodies nested as deeply as their size allows, in every form that a webhook may have."""

import urllib.parse
from collections.abc import Callable

import pytest

from tests.integration.gateway.serving import post, serving
from tests.unit.gateway.fakes import FakeStorage
from tests.unit.gateway.multipart_bodies import MULTIPART, Part, multipart

Form = Callable[[bytes], tuple[bytes, str]]
FORMS: dict[str, list[Form]] = {
    "plex": [lambda body: (body, "application/json"), lambda body: (multipart(Part("payload", body)), MULTIPART)],
    "emby": [
        lambda body: (multipart(Part("data", body)), MULTIPART),
        lambda body: (b"data=" + urllib.parse.quote(body).encode(), "application/x-www-form-urlencoded"),
    ],
    "jellyfin": [lambda body: (body, "text/plain"), lambda body: (body, "application/json")],
    "seerr": [lambda body: (body, "application/json")],
    "tautulli": [lambda body: (body, "application/json")],
}
DEEP = {
    "lists without an end": b"[" * 200_000,
    "lists": b"[" * 100_000 + b"]" * 100_000,
    "objects without an end": b'{"a":' * 40_000,
    "objects": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
    "a list in a field that is read": b'{"event":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a list in a field that is not": b'{"event":"x","z":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a level too many": b'{"event":"x","z":' + b"[" * 100 + b"]" * 100 + b"}",
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP)
async def test_what_is_nested_too_deeply_is_a_bad_request(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    storage = FakeStorage()
    async with serving(storage) as gateway:
        answers = [
            await gateway.ask(post(f"/webhooks/{source}/{source}-secret", *form(body)))
            for source, forms in FORMS.items()
            for form in forms
        ]

    assert [(answer.status, answer.is_problem()) for answer in answers] == [(400, True)] * len(answers)
    assert storage.records == []
    assert "Traceback" not in caplog.text
