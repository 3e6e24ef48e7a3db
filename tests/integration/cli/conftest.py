"""The environment of a command whose gateway is the test's own."""

from pathlib import Path

import pytest

from cli.folder import ADDRESS, LOCAL_API_KEY, Folder
from shared.schemas.secret import Secret
from tests.integration.cli.gateway import FakeGateway


@pytest.fixture
def environment(gateway: FakeGateway, tmp_path: Path) -> dict[str, str]:
    folder = Folder(str(tmp_path / "data"))
    folder.make()
    folder.keep(LOCAL_API_KEY, lambda: Secret("usha_local"))
    folder.publish(ADDRESS, gateway.address)
    return {"USHER_DATA_DIR": str(folder.path), "USHER_API_KEY": "", "USHER_PUBLIC_URL": "http://127.0.0.1:1"}
