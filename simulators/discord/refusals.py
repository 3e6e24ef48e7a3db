"""Discord's errors: a code, a message, and for bad forms where each fault is.

https://docs.discord.com/developers/topics/opcodes-and-status-codes
"""

from typing import Any

from simulators.asgi import Response, json_response


class RefusedError(Exception):
    """The request ends here, with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refused(status: int, code: int, message: str) -> RefusedError:
    """Return what Discord refuses with."""
    return RefusedError(json_response({"message": message, "code": code}, status))


def bad_form(path: str, code: str, message: str) -> RefusedError:
    """Return the refusal of a form; the path is dotted, such as `embeds.0.title`."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return RefusedError(json_response({"message": "Invalid Form Body", "code": 50035, "errors": errors}, 400))


def check_length(value: object, path: str, longest: int, *, shortest: int = 0) -> None:
    """Refuse what is no text, too long or too short; absent and null pass. Raises `RefusedError`."""
    if value is None:
        return
    if not isinstance(value, str):
        raise bad_form(path, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
    size = len(value.encode("utf-16-le")) // 2  # as Discord may count it at most
    if size > longest:
        raise bad_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {longest} or fewer in length.")
    if size < shortest:
        raise bad_form(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {shortest} and {longest} in length.")


def check_objects(value: object, path: str, most: int) -> list[dict[str, Any]]:
    """Return a list of at most so many objects; absent and null are empty. Raises `RefusedError`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_form(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType.")
    if len(value) > most:
        raise bad_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if None in value:
        raise bad_form(f"{path}.{value.index(None)}", "BASE_TYPE_REQUIRED", "This field is required")
    return [check_object(each, f"{path}.{at}") for at, each in enumerate(value)]


def check_object(value: object, path: str) -> dict[str, Any]:
    """Return an object; absent and null are empty. Raises `RefusedError`."""
    if value is not None and not isinstance(value, dict):
        raise bad_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return value or {}


def check_number(value: object, path: str) -> int:
    """Return a whole number; absent and null are 0. Raises `RefusedError`."""
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise bad_form(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not int.")
    return value or 0
