"""The pages' files: a style sheet and a script of ours, and htmx out of its wheel; each address carries its hash."""

import gzip
import hashlib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from litestar import Controller, Request, Response, get
from litestar.params import FromPath

from shared.errors import NotFoundError

_FOREVER: Final = "public, max-age=31536000, immutable"
_OURS: Final = resources.files("services.gateway.dashboard") / "static"
_FILES: Final[Mapping[str, tuple[str, Traversable]]] = {
    "usher.css": ("text/css", _OURS / "usher.css"),
    "usher.js": ("text/javascript", _OURS / "usher.js"),
    "icon.svg": ("image/svg+xml", _OURS / "icon.svg"),
    "htmx.js": ("text/javascript", resources.files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js"),
}


def digests() -> Mapping[str, str]:
    """Return the hash of each file, by its name."""
    return {name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for name, (_, file) in _FILES.items()}


class AssetController(Controller):
    """Serves the files; a browser keeps each for good, because a changed file has another address."""

    path, include_in_schema = "/assets", False

    @get("/{digest:str}/{name:str}", sync_to_thread=True)
    def show(self, request: Request[Any, Any, Any], digest: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        """Return a file, compressed for who takes that. An old hash gets today's file, and keeps it only briefly."""
        if name not in _FILES:
            raise NotFoundError("there is no such file")
        media_type, file = _FILES[name]
        content = file.read_bytes()
        is_todays = hashlib.sha256(content).hexdigest().startswith(digest)
        headers = {"Cache-Control": _FOREVER if is_todays else "no-cache", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            content, headers = gzip.compress(content, mtime=0), {**headers, "Content-Encoding": "gzip"}
        return Response(content, media_type=media_type, headers=headers)
