"""Faults in what is said where no operation of the document describes the request: a page, or nothing; and no JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tests.faulty_servers.access import ADMIN, ANN, GUARDED
from tests.faulty_servers.faults import add, fault, is_shown
from tests.faulty_servers.middle import Answer, Call, Change, Forward

KNOWN = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
PAGE = b"<html><body><h1>Error</h1></body></html>"
KEY, PASSWORD = "HTTP_X_COMODIT_APPKEY", "HTTP_AUTHORIZATION"


def _page(honest: Answer) -> Answer:
    return Answer(honest.status, PAGE, (*honest.without("Content-Type").headers, ("Content-Type", "text/html")))


def _nothing(honest: Answer) -> Answer:
    return replace(honest.without("Content-Type"), body=b"")


@fault("errors.shape")
def a_wrong_method_is_refused_without_a_word() -> Change:
    """405 with Allow and no content, as some frameworks have it."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return _nothing(honest) if honest.status == 405 else honest

    return answer


@fault("representation.media-type")
def a_method_that_nobody_knows_gets_a_page() -> Change:
    """405 in HTML for a method that the framework does not know."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return _page(honest) if call.method not in KNOWN and honest.status == 405 else honest

    return answer


def _read_is_kept_out(status: int, header: str, instead: Callable[[Answer], Answer]) -> Change:
    """A fault in what a read is told that shows no or wrong credentials, or those of another organization."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        meant = honest.status == status and call.method == "GET" and header in call.environ
        return instead(honest) if meant else honest

    return answer


for _name, _says, _rule, _status, _header, _instead, _options in (
    ("a-wrong-key-gets-a-page", "401 in HTML for a key.", "representation.media-type", 401, KEY, _page, ADMIN),
    ("a-wrong-password-gets-no-word", "401 without content.", "errors.shape", 401, PASSWORD, _nothing, ANN),
    ("others-get-a-page", "403 in HTML.", "representation.media-type", 403, PASSWORD, _page, ANN),
):
    add(
        _name,
        f"A read that is kept out gets {_says}",
        (_rule,),
        partial(_read_is_kept_out, _status, _header, _instead),
        GUARDED,
        _options,
    )


@fault("representation.media-type")
def the_load_of_a_paused_machine_is_no_number() -> Change:
    """A further member shows NaN in PAUSED, which some libraries write and no JSON has."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not is_shown(honest) or honest.value["state"] != "PAUSED":
            return honest
        return replace(honest, body=honest.body.replace(b"{", b'{"cpuLoad": NaN, ', 1))

    return answer


@fault("representation.media-type", options={"only": ("names-bounds",)})
def a_long_name_gets_a_page() -> Change:
    """404 in HTML for a name that is longer than 255 characters."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_long = any(len(name) > 255 for name in call.path.split("/"))
        return _page(honest) if is_long and honest.status == 404 else honest

    return answer


@fault("errors.shape", options={"only": ("missing-first",)})
def nothing_is_said_of_a_write_to_what_is_missing() -> Change:
    """404 without content for a write to a host that does not exist."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        write = call.method not in ("GET", "HEAD", "OPTIONS") and b"has no host" in honest.body
        return _nothing(honest) if write and honest.status == 404 else honest

    return answer
