"""The webhook routes are in the OpenAPI document, with all requests and answers."""

from services.gateway import problems
from services.gateway.webhook_secrets.check import Secrets
from services.gateway.webhooks.receiver import Receiver
from tests.unit.gateway.fakes import FakeStorage, webhooks


def test_the_document_says_what_is_taken_and_answered() -> None:
    app = webhooks(Receiver(Secrets(), FakeStorage()))

    paths = app.openapi_schema.to_schema()["paths"]

    for path in ("/webhooks/{source}", "/webhooks/{source}/{secret}"):
        operation = paths[path]["post"]
        assert set(operation["requestBody"]["content"]) >= {"multipart/form-data", "application/json", "text/plain"}
        assert "token" in {parameter["name"] for parameter in operation["parameters"]}
        assert set(operation["responses"]) == {"202", "400", "401", "404", "408", "413", "415", "503"}
        assert set(operation["responses"]["401"]["content"]) == {problems.MEDIA_TYPE}
