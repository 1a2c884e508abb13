"""The yardstick: a bare Flask route with three path parameters and a constant answer, on the emulator's own server."""

from __future__ import annotations

import logging
import sys

from flask import Flask, Response

from emulator.serving.server import Server, listen

ANSWER = b'{"state":"RUNNING"}'


def application() -> Flask:
    """The application with its one route, for GET and PUT."""
    app = Flask("bare", static_folder=None)

    @app.route("/organizations/<org_name>/environments/<env_name>/hosts/<host_name>/instance", methods=["GET", "PUT"])
    def instance(org_name: str, env_name: str, host_name: str) -> Response:
        return Response(ANSWER, content_type="application/json")

    return app


if __name__ == "__main__":
    logging.getLogger("waitress").setLevel(logging.ERROR)
    Server(application(), listen("127.0.0.1", int(sys.argv[1]))).run()
