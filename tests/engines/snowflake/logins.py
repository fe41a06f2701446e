"""Who may log in: a password, a key pair or a token, as an account would check them; and that sessions end."""

from __future__ import annotations

import gzip
import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LOGIN = "/session/v1/login-request"


@dataclass(frozen=True)
class Accepted:
    """What the one user logs in with; `public_key` is the path of a PEM file."""

    user: str
    password: str
    token: str
    public_key: Path

    def refusal(self, data: dict[str, Any]) -> tuple[str, str] | None:
        """Snowflake's code and message if these login data are not good."""
        authenticator = str(data.get("AUTHENTICATOR", "SNOWFLAKE")).upper()
        if authenticator == "SNOWFLAKE_JWT":
            return None if self.signed(data.get("TOKEN", "")) else ("390144", "JWT token is invalid.")
        if authenticator == "OAUTH":
            return None if data.get("TOKEN") == self.token else ("390303", "Invalid OAuth access token.")
        if data.get("LOGIN_NAME") == self.user and data.get("PASSWORD") == self.password:
            return None
        return "390100", "Incorrect username or password was specified."

    def signed(self, token: str) -> bool:
        """Whether the token is of our user and signed with the private key that belongs to ours."""
        import jwt

        try:
            claims = jwt.decode(token, self.public_key.read_bytes(), algorithms=["RS256"])
        except jwt.InvalidTokenError:
            return False
        return str(claims["sub"]).upper().endswith(f".{self.user.upper()}")


def sessions_can_be_closed() -> None:
    """Without a master token from the login the connector never tells that it is done, and transactions stay open."""
    server = importlib.import_module("fakesnow.server")
    original = server.login_request

    async def login(request: Request) -> Response:
        response = await original(request)
        answer = json.loads(response.body)
        answer["data"]["masterToken"] = answer["data"]["token"]
        return JSONResponse(answer)

    server.login_request = login
    server.app.router.routes.insert(0, Route(LOGIN, login, methods=["POST"]))


def check_logins(accepted: Accepted) -> None:
    """fakesnow lets everybody in; put the check before its endpoint."""
    server = importlib.import_module("fakesnow.server")

    async def login(request: Request) -> Response:
        body = await request.body()
        text = gzip.decompress(body) if request.headers.get("Content-Encoding") == "gzip" else body
        refusal = accepted.refusal(json.loads(text)["data"])
        if refusal is None:
            response: Response = await server.login_request(request)
            return response
        code, message = refusal
        return JSONResponse({"data": {"nextAction": None}, "code": code, "message": message, "success": False})

    server.app.router.routes.insert(0, Route(LOGIN, login, methods=["POST"]))
