"""Faults of guards that do not look everywhere, or not closely at what they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.faulty_servers.access import ADMIN, ANN, GUARDED, kept_out, let_in, shown_in
from tests.faulty_servers.faults import add, fault
from tests.faulty_servers.middle import JSON, Answer, Call, Change, Forward, refusal

ANNS, KEY, OTTOS = "s3cret: ü", "admin-key", "otto-key"
"""Ann's password, the administrator's key, and one of a user of the other organization."""

CHALLENGE = ("WWW-Authenticate", "Basic")


def _pair(call: Call) -> tuple[str, str]:
    """User and password; empty without."""
    user, _, password = (shown_in(call) or b"").decode(errors="replace").partition(":")
    return user, password


def _key(call: Call) -> str:
    return str(call.environ.get("HTTP_X_COMODIT_APPKEY", ""))


def _comes_with_none(call: Call) -> bool:
    return "HTTP_AUTHORIZATION" not in call.environ and not _key(call)


def _let_in_if(is_enough: Callable[[Call], bool]) -> Change:
    """A guard that lets in whom it should keep out."""
    return kept_out(lambda call, forward, honest: forward(let_in(call)) if is_enough(call) else honest)


# ---- paths, methods and connections that the guard does not look at


@fault("auth.refused", "errors.order", settings=GUARDED, options=ADMIN)
def reads_are_not_guarded() -> Change:
    """GET and HEAD need no credentials."""
    return _let_in_if(lambda call: call.method in ("GET", "HEAD"))


@fault("auth.refused", settings=GUARDED, options=ANN)
def a_connection_is_let_in() -> Change:
    """Once the right credentials came over a connection, it does not matter what comes with later requests."""
    trusted: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        place = call.environ["REMOTE_PORT"]
        honest = forward(call)
        if honest.status == 401 and place in trusted:
            return forward(let_in(call))
        if honest.status != 401:
            trusted.add(place)
        return honest

    return answer


@fault("auth.refused", settings=GUARDED, options=ANN)
def a_slash_is_not_guarded() -> Change:
    """Paths with a slash at their end need no credentials."""
    return _let_in_if(lambda call: call.path.endswith("/") and _comes_with_none(call))


@fault("auth.refused", settings=GUARDED, options=ANN)
def head_is_not_guarded() -> Change:
    """HEAD needs no credentials."""
    return _let_in_if(lambda call: call.method == "HEAD" and _comes_with_none(call))


@fault("auth.other-organization", settings=GUARDED, options=ANN)
def a_slash_opens_other_organizations() -> Change:
    """With a slash at the end of the path, what belongs to others is read."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status != 403 or not call.path.endswith("/"):
            return honest
        others = {name: value for name, value in call.environ.items() if name != "HTTP_AUTHORIZATION"}
        return forward(replace(call, environ={**others, "HTTP_X_COMODIT_APPKEY": OTTOS}))

    return answer


@fault("auth.other-organization", settings=GUARDED, options=ANN)
def head_opens_other_organizations() -> Change:
    """HEAD in an organization of others is answered as if it were there."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return Answer(200, b"", JSON) if honest.status == 403 and call.method == "HEAD" else honest

    return answer


@fault("errors.order", settings=GUARDED, options=ANN)
def what_is_missing_comes_before_no_credentials() -> Change:
    """404 for a host that is not there when no credentials come, 401 when wrong ones do."""
    return kept_out(
        lambda call, _, honest: (
            refusal(404, "no such host") if "no-such-host" in call.path and _comes_with_none(call) else honest
        )
    )


@fault("errors.order", settings=GUARDED, options=ANN)
def what_is_not_offered_comes_before_credentials() -> Change:
    """404 for a path that is not offered, whoever asks."""
    return kept_out(lambda call, forward, honest: forward(let_in(call)) if call.action == "alerts" else honest)


# ---- what the guard takes for the right credentials

PASSWORDS: dict[str, tuple[str, Callable[[str, str], bool]]] = {
    "the_case_of_a_password_does_not_count": (
        "A password in other case is let in.",
        lambda user, password: user == "ann" and password.lower() == ANNS.lower(),
    ),
    "eight_characters_of_a_password_count": (
        "What comes after the first eight characters of a password does not count.",
        lambda user, password: user == "ann" and password[:8] == ANNS[:8],
    ),
    "blanks_around_a_password_do_not_count": (
        "A password is let in with blanks before or after it.",
        lambda user, password: user == "ann" and password.strip() == ANNS,
    ),
    "the_beginning_of_a_password_is_enough": (
        "The first characters of a password are let in.",
        lambda user, password: user == "ann" and bool(password) and ANNS.startswith(password),
    ),
    "a_password_is_anybodys": (
        "The password of one user is let in with the name of any other.",
        lambda _, password: password == ANNS,
    ),
}

KEYS: dict[str, tuple[str, Callable[[Call], bool]]] = {
    "the_case_of_a_key_does_not_count": (
        "An application key in other case is let in.",
        lambda call: _key(call).lower() == KEY,
    ),
    "the_beginning_of_a_key_is_enough": (
        "The first characters of an application key, four at least, are let in.",
        lambda call: len(_key(call)) >= 4 and KEY.startswith(_key(call)),
    ),
    "the_beginning_of_a_key_is_all_that_counts": (
        "What begins with an application key is let in.",
        lambda call: _key(call).startswith(KEY),
    ),
    "a_key_is_a_password": (
        "An application key is let in as a password.",
        lambda call: _pair(call)[1] == KEY,
    ),
    "a_key_is_a_user": (
        "An application key is let in as a user, whatever the password is.",
        lambda call: _pair(call)[0] == KEY,
    ),
}


def _by_pair(takes: Callable[[str, str], bool]) -> Callable[[], Change]:
    return lambda: _let_in_if(lambda call: takes(*_pair(call)))


def _by_call(takes: Callable[[Call], bool]) -> Callable[[], Change]:
    return lambda: _let_in_if(takes)


for _name, (_says, _takes) in PASSWORDS.items():
    add(_name, _says, ("auth.refused",), _by_pair(_takes), GUARDED, ANN)
for _name, (_says, _is_enough) in KEYS.items():
    add(_name, _says, ("auth.refused",), _by_call(_is_enough), GUARDED, ADMIN)


@fault("auth.basic", settings=GUARDED, options=ADMIN)
def the_case_of_the_scheme_counts() -> Change:
    """401 for the right credentials when the scheme is not written `Basic`."""

    def answer(call: Call, forward: Forward) -> Answer:
        scheme = str(call.environ.get("HTTP_AUTHORIZATION", "Basic")).partition(" ")[0]
        if scheme == "Basic":
            return forward(call)
        return replace(refusal(401, f"the scheme {scheme} is not known"), headers=(*JSON, CHALLENGE))

    return answer


@fault("robustness.no-server-error", settings=GUARDED, options=ADMIN)
def a_key_beyond_ascii_breaks_the_server() -> Change:
    """500 for an application key with letters that are not ASCII."""
    return lambda call, forward: forward(call) if _key(call).isascii() else refusal(500, "no")


@fault("robustness.no-server-error", settings=GUARDED, options=ADMIN)
def a_password_beyond_ascii_breaks_the_server() -> Change:
    """500 for a user and a password in UTF-8 that are not ASCII."""

    def answer(call: Call, forward: Forward) -> Answer:
        shown = shown_in(call) or b""
        try:
            is_plain = b":" not in shown or shown.decode().isascii()
        except UnicodeDecodeError:
            is_plain = True
        return forward(call) if is_plain else refusal(500, "no")

    return answer
