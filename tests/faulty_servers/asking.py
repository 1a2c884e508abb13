"""Faults in what a server makes of the headers and the query that come with a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, unquote_to_bytes

from tests.faulty_servers.faults import fault
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

MEDIA_TYPE, NO_BODY, QUERY = "representation.media-type", "http.no-body", "http.unknown-query"
NO_5XX = "robustness.no-server-error"

# ---- headers that ask for another form


def _accepts(call: Call, *words: str) -> bool:
    """Whether JSON is not among what a request accepts, and one of these words is."""
    accepted = str(call.environ.get("HTTP_ACCEPT") or "*/*")
    return "json" not in accepted and "*/*" not in accepted and any(word in accepted for word in words)


@fault(MEDIA_TYPE)
def who_asks_for_xml_gets_it() -> Change:
    """XML for a request that accepts nothing else, as frameworks write whatever they have a library for."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_xml = honest.body and _accepts(call, "xml")
        return Answer(honest.status, b"<Instance/>", (("Content-Type", "application/xml"),)) if is_xml else honest

    return answer


@fault("operations.documented-answers")
def who_accepts_no_json_gets_nothing() -> Change:
    """406 for a request whose Accept has no JSON."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(406, "there is JSON only") if _accepts(call, "/") else forward(call)

    return answer


@fault(MEDIA_TYPE)
def browsers_get_pages_for_errors() -> Change:
    """An error is a page of HTML for who would rather have that."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_page = honest.status >= 400 and str(call.environ.get("HTTP_ACCEPT")).startswith("text/html")
        return Answer(honest.status, b"<h1>Error</h1>", (("Content-Type", "text/html"),)) if is_page else honest

    return answer


@fault(MEDIA_TYPE)
def who_asks_for_latin_letters_gets_them() -> Change:
    """An answer in ISO-8859-1 for a request whose Accept-Charset begins with it."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if not honest.body or not str(call.environ.get("HTTP_ACCEPT_CHARSET")).startswith("ISO-8859-1"):
            return honest
        body = json.dumps(honest.value, ensure_ascii=False).encode("latin-1", "replace")
        return Answer(honest.status, body, (("Content-Type", "application/json;charset=ISO-8859-1"),))

    return answer


# ---- headers of a body that is not there


@fault(NO_BODY)
def a_read_with_a_length_is_refused() -> Change:
    """400 for a GET that says Content-Length, be it 0."""

    def answer(call: Call, forward: Forward) -> Answer:
        bad = call.method == "GET" and call.environ.get("CONTENT_LENGTH") == "0"
        return refusal(400, "a GET has no body") if bad else forward(call)

    return answer


@fault(NO_BODY)
def a_provision_that_says_json_wants_some() -> Change:
    """400 for a provision that says Content-Type: application/json and has no body."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_bare = (call.method, call.action, call.body) == ("POST", "", b"")
        bad = is_bare and str(call.environ.get("CONTENT_TYPE")).startswith("application/json")
        return refusal(400, "the body is not JSON: it ends too early") if bad else forward(call)

    return answer


# ---- queries


@fault(QUERY, options={"only": ("noise",)})
def a_query_has_another_method() -> Change:
    """A POST with the query _method=DELETE is a DELETE, as frameworks have it for forms."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_form = call.method == "POST" and "_method=DELETE" in call.query
        return forward(replace(call, method="DELETE", body=b"") if is_form else call)

    return answer


@fault(QUERY)
def a_query_has_another_form() -> Change:
    """404 for a GET with format= of another form than JSON, as a router has it that knows one form only."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_other = call.method == "GET" and re.search("format=(?!json)", call.query)
        return refusal(404, "there is JSON only") if is_other else forward(call)

    return answer


@fault(QUERY)
def a_query_wraps_the_answer() -> Change:
    """An answer to a GET with callback= is inside a member of its own."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_wrapped = honest.status == 200 and call.method == "GET" and "callback=" in call.query
        return honest.saying({"data": honest.value}) if is_wrapped else honest

    return answer


def _broken_by(test: Callable[[str], bool]) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(500, "Internal Server Error") if test(call.query) else forward(call)

    return answer


@fault(NO_5XX, options={"only": ("queries",)})
def bytes_in_a_query_break_the_server() -> Change:
    """500 for a query that is no UTF-8 once it is decoded."""

    def is_bad(query: str) -> bool:
        try:
            unquote_to_bytes(query).decode()
        except UnicodeDecodeError:
            return True
        return False

    return _broken_by(is_bad)


@fault(NO_5XX, options={"only": ("queries",)})
def a_bad_encoding_in_a_query_breaks_the_server() -> Change:
    """500 for a percent sign in a query without two digits after it."""
    return _broken_by(lambda query: re.search("%(?![0-9a-fA-F]{2})", query) is not None)


@fault(NO_5XX, options={"only": ("queries",)})
def a_parameter_twice_breaks_the_server() -> Change:
    """500 for a query in which a parameter comes twice: a list where a text was expected."""

    def is_twice(query: str) -> bool:
        names = [name for name, _ in parse_qsl(query)]
        return len(names) > len(set(names))

    return _broken_by(is_twice)
