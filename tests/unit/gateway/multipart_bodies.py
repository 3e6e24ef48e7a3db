"""Writes multipart bodies as libcurl does."""

from typing import NamedTuple

BOUNDARY = "------------------------e9b6fd531fc73c30"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


class Part(NamedTuple):
    name: str
    content: bytes
    content_type: str | None = None
    filename: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


def multipart(*parts: Part, boundary: str = BOUNDARY) -> bytes:
    body = b""
    for part in parts:
        body += f"--{boundary}\r\n{_head(part)}\r\n\r\n".encode() + part.content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


def _head(part: Part) -> str:
    disposition = f'Content-Disposition: form-data; name="{part.name}"'
    if part.filename is not None:
        disposition += f'; filename="{part.filename}"'
    lines = [disposition]
    if part.content_type:
        lines.append(f"Content-Type: {part.content_type}")
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in part.headers)])
