"""The four shapes of a Seerr's refusals, all of which clients must know."""

from simulators.asgi import Response, json_response


class RefusedError(Exception):
    """Ends the request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def refusal(status: int, message: str, *errors: str) -> RefusedError:
    """Return a handler's refusal."""
    return RefusedError(json_response({"message": message, **({"errors": list(errors)} if errors else {})}, status))


def forbidden() -> RefusedError:
    """Return the refusal for a missing right or an invalid key, whose message is called `error`."""
    body = {"status": 403, "error": "You do not have permission to access this endpoint"}
    return RefusedError(json_response(body, 403))


def invalid(path: str, message: str, *, code: str, status: int = 400) -> RefusedError:
    """Return the validator's refusal of something in a query or a body."""
    shown = f"request{path.replace('/', '.')} {message}"
    error = {"path": path, "message": message, "errorCode": f"{code}.openapi.validation"}
    return RefusedError(json_response({"message": shown, "errors": [error]}, status))


def unfit(path: str, message: str, *, status: int = 400) -> RefusedError:
    """Return the validator's refusal of a request as a whole."""
    return RefusedError(json_response({"message": message, "errors": [{"path": path, "message": message}]}, status))
