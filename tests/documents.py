"""The folder of documents beside the checkout: real servers' payloads and their makers' descriptions."""

import os
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(
    os.environ.get("USHER_SHARED_DIR", Path(__file__).parents[2] / "shared")  # noqa: TID251 - not a setting of Usher's
)
PAYLOADS: Final = FOLDER / "payloads"
SPECS: Final = FOLDER / "specs"

needs_payloads = pytest.mark.skipif(not PAYLOADS.is_dir(), reason=f"there is no {PAYLOADS}")
needs_specs = pytest.mark.skipif(not SPECS.is_dir(), reason=f"there is no {SPECS}")
