"""Faults in codes, headers, media types and the shape of errors."""

from __future__ import annotations

from tests.faulty_servers.faults import fault, in_refusals, on
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal


@fault(
    "operations.action-code",
    "operations.action-code-by-analogy",
    "operations.forget-code",
    "operations.stop-is-shutdown",
)
def actions_answer_200() -> Change:
    """200 instead of 202."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return Answer(200, b"{}", (("Content-Type", "application/json"),)) if honest.status == 202 else honest

    return answer


@fault("operations.delete-code")
def delete_answers_200() -> Change:
    """200 and a word instead of 204."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying({"deleted": True}, 200) if honest.status == 204 and call.method == "DELETE" else honest

    return answer


@fault("operations.provision-code")
def provision_answers_201() -> Change:
    """201 instead of 200."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying(honest.value, 201) if honest.status == 200 else honest

    return on("POST", "", answer)


@fault("errors.shape")
def error_is_a_string() -> Change:
    """`{"error": "message"}`: the client would print it letter by letter."""
    return in_refusals(lambda answer: answer.saying({"error": answer.value["error"][0]}) if answer.body else answer)


@fault("errors.messages")
def error_says_nothing() -> Change:
    """`{"error": []}`."""
    return in_refusals(lambda answer: answer.saying({"error": []}) if answer.body else answer)


@fault("robustness.no-server-error")
def bad_json_breaks_the_server() -> Change:
    """500 for a body that is not JSON."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        broken = honest.status == 400 and b"JSON" in honest.body
        return honest.saying({"error": ["Internal Server Error"]}, 500) if broken else honest

    return answer


@fault("errors.method-not-allowed")
def allow_is_missing() -> Change:
    """405 without Allow."""
    return in_refusals(lambda answer: answer.without("Allow") if answer.status == 405 else answer)


@fault("representation.media-type")
def json_is_called_html() -> Change:
    """JSON as text/html."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        media_type = (("Content-Type", "text/html; charset=utf-8"),) if honest.body else ()
        return Answer(honest.status, honest.body, (*honest.without("Content-Type").headers, *media_type))

    return answer


@fault("http.slash")
def slash_is_redirected() -> Change:
    """308 for a path with a slash at its end."""

    def answer(call: Call, forward: Forward) -> Answer:
        if call.path.endswith("/"):
            return Answer(308, b"", (("Location", call.path.rstrip("/")),))
        return forward(call)

    return answer


@fault("http.head")
def head_is_refused() -> Change:
    """405 for HEAD."""
    return lambda call, forward: Answer(405, b"", (("Allow", "GET"),)) if call.method == "HEAD" else forward(call)


@fault("operations.documented-answers")
def everything_conflicts() -> Change:
    """409, whatever is asked."""
    return lambda _, __: refusal(409, "no")
