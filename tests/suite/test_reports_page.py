"""report.html as its reader sees it: what stands on it, and that nothing from a server can do more than be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract_tests.reports import write_reports
from contract_tests.reports.evidence import BEFORE
from contract_tests.reports.findings import IN_A_LINE, IN_FULL
from contract_tests.reports.html import SYMBOLS
from tests.suite.example_runs import HOSTILE, failing, green
from tests.suite.page_reader import Element, read_page
from tests.suite.records import CONTRACT, HISTORY, exchange, finding, put, record, result, write

LOADING = re.compile(r"url\(|@import|image-set\(|expression\(", re.IGNORECASE)
FIGURES = {"answers": 3}


def page(folder: Path, kept: dict[str, Any], exchanges: list[dict[str, Any]] | None = None) -> Element:
    """The page of this run."""
    write_reports(write(folder, kept, exchanges or []), final=False)
    return read_page((folder / "report.html").read_text("utf-8"))


def section(whole: Element, name: str) -> Element:
    """A section of the page, by its id."""
    return whole.all("section", id=name)[0]


@pytest.fixture(params=[green, failing], ids=["green", "failing"])
def run(request: pytest.FixtureRequest) -> Any:
    """One of the two example runs."""
    return request.param()


def test_the_first_sentence_is_the_verdict(run: Any, tmp_path: Path) -> None:
    """The page opens with the verdict, the target, when, and the exit code."""
    head = page(tmp_path, *run).all("div", class_="sentence")[0].text
    summary = run[0]["summary"]
    assert summary["sentence"][1:] + "." in head
    assert f"{run[0]['target']['url']}, 2026-11-25 10:00:00 UTC, exit code {summary['exitCode']}" in head


@pytest.mark.parametrize(
    "code, tone", [(0, "passed"), (1, "failed"), (3, "inconclusive"), (4, "inconclusive"), (None, "inconclusive")]
)
def test_only_a_run_without_a_fault_is_green(code: int | None, tone: str, tmp_path: Path) -> None:
    """The colour of the verdict goes by the exit code; what is not done or not decided is never green."""
    kept = record()
    kept["summary"] = {**kept["summary"], "exitCode": code} if code is not None else None
    assert page(tmp_path, kept).all("div", class_="sentence")[0].has({"class_": tone})


def test_it_says_what_was_judged_by_what(run: Any, tmp_path: Path) -> None:
    """Target, hosts, level, contract with digest, seed, times and versions stand there."""
    text = section(page(tmp_path, *run), "run").text
    kept = run[0]
    for fact in (kept["target"]["url"], *kept["target"]["hosts"], kept["contract"]["sha256"], kept["run"]["id"]):
        assert fact in text
    for words in ("Seed 7", "after 4 min 12 s", f"Contract {kept['contract']['title']} 1.0.0", "Workers 1"):
        assert words in text


def test_it_loads_and_runs_nothing(run: Any, tmp_path: Path) -> None:
    """No element fetches, frames, posts or runs anything; every link leads to a place on the page."""
    whole = page(tmp_path, *run)
    places = {one.attributes["id"] for one in whole.all() if "id" in one.attributes}
    for one in whole.all():
        assert one.tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
        assert not {"src", "srcset", "data", "action", "background", "xlink:href"} & one.attributes.keys()
        assert not [name for name in one.attributes if name.startswith("on")]
        assert not LOADING.search(one.attributes.get("style", ""))
        if "href" in one.attributes:
            assert one.attributes["href"].removeprefix("#") in places
    assert not any(LOADING.search(style.text) for style in whole.all("style"))
    policy = whole.all("meta", **{"http-equiv": "Content-Security-Policy"})[0].attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_every_requirement_is_there(run: Any, tmp_path: Path) -> None:
    """Each requirement has its row with verdict, statement, level and basis, under its area."""
    requirements = section(page(tmp_path, *run), "requirements")
    rows = [row for row in requirements.all("tr") if row.attributes.get("id", "").startswith("rule-")]
    assert len(rows) == len(CONTRACT.requirements)
    for row, (name, rule) in zip(rows, run[0]["requirements"].items(), strict=True):
        cells = [cell.text for cell in row.all("td")]
        assert cells[0] == f"{SYMBOLS[rule['verdict']]} {rule['verdict'].replace('-', ' ')}"
        assert cells[1].startswith(name)
        assert rule["statement"] in cells[1]
        assert cells[2:] == [rule["level"], rule["basis"]]
    assert [one.text for one in requirements.all("h3")] == list(
        dict.fromkeys(name.partition(".")[0] for name in CONTRACT.requirements)
    )


def test_every_test_is_there(run: Any, tmp_path: Path) -> None:
    """Each planned test has one row, with verdict, id, requests and seconds; also one that did not run."""
    rows = section(page(tmp_path, *run), "tests").all("tr")
    ids = [row.all("code")[0].text for row in rows if "id" in row.attributes]
    assert sorted(ids) == sorted(run[0]["plan"]["tests"])


def test_a_row_tells_what_its_test_saw(tmp_path: Path) -> None:
    """Reason, states seen, figures, notes, requests and time of a test are in its row."""
    kept = result(
        "legal[startInstance,STOPPED]",
        "inconclusive",
        reason="the answer was lost",
        statesSeen=["PENDING", "STOPPED"],
        figures=FIGURES,
        notes=["a note"],
        seconds=75.2,
        requests=31,
    )
    (row,) = [one for one in section(page(tmp_path, record([kept])), "tests").all("tr") if "id" in one.attributes]
    assert [cell.text for cell in row.all("td")] == [
        "? inconclusive",
        "legal[startInstance,STOPPED] the answer was lost PENDING, STOPPED; answers 3 a note",
        "31",
        "1 min 15 s",
    ]


def test_what_is_calm_is_folded_and_what_is_not_is_open(tmp_path: Path) -> None:
    """A check whose tests all passed is folded; one with a failure, or with something open, is not."""
    rows = [result("calm"), result("open[a]"), result("open[b]", "not-run", reason="no host")]
    folds = section(page(tmp_path, record(rows)), "tests").all("details", class_="rows")
    assert ["open" in fold.attributes for fold in folds] == [False, True]


def test_what_was_not_judged_is_listed_with_its_reason(tmp_path: Path) -> None:
    """Tests and requirements that did not run, stayed open or do not apply are named under their reasons."""
    whole = section(page(tmp_path, *failing()), "open").text
    for words in (
        "! error 1 the suite itself broke legal[provisionInstance,ABSENT]",
        "? inconclusive 1 the answer was lost: connection reset by peer legal[startInstance,STOPPED]",
        "1 needs a second --host two-hosts",
        "2 not run robustness[slow] robustness[huge]",
        "○ not applicable 1 the server does not claim the feature agent agent[RUNNING]",
        "KeyError: 'state'",
    ):
        assert words in whole


def test_each_cell_of_the_lifecycle_leads_to_its_test(run: Any, tmp_path: Path) -> None:
    """The picture has one cell for each test with a place, with a sign, and a link to the row of that test."""
    whole = page(tmp_path, *run)
    links = section(whole, "lifecycle").all("table", class_="matrix")
    cells = {link.attributes["href"][1:]: link for table in links for link in table.all("a")}
    placed = {row["id"]: row["verdict"] for row in run[0]["results"] if row["place"]}
    led = {whole.all("tr", id=anchor)[0].all("code")[0].text: cell for anchor, cell in cells.items()}
    assert led.keys() == placed.keys()
    for name, verdict in placed.items():
        assert led[name].attributes["class"] == verdict
        assert led[name].text == f"{SYMBOLS[verdict]} {name.partition('[')[0]}"


def test_checks_of_the_same_cells_have_pictures_of_their_own(tmp_path: Path) -> None:
    """Legal and refused moves share a picture; what is tried under lock in the same cells has another."""
    pictures = section(page(tmp_path, *green()), "lifecycle").all("div", class_="pictures")[0]
    assert [one.text for one in pictures.all("h3")] == ["legal, refused", "locked"]


def test_the_signs_are_all_different() -> None:
    """Who sees no colours can tell every verdict by its sign."""
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)


def test_a_failure_shows_rule_deed_and_evidence(tmp_path: Path) -> None:
    """It has the statement, what was sent, expected and got, the exchanges around it folded, and how to repeat it."""
    name = "refused[pauseInstance,STOPPED]"
    row = result(name, "failed", exchanges=[1, 9], findings=[finding("lifecycle.pause-refused", exchange=7)])
    others = [exchange(number, "another") for number in (2, 5)]
    mine = [put(number, name, "pause", 409 if number < 7 else 202) for number in (1, 3, 4, 6, 7, 8, 9)]
    exchanges = sorted(mine + others, key=lambda one: int(one["number"]))
    failures = section(page(tmp_path, record([row]), exchanges), "failures")
    assert CONTRACT.requirements["lifecycle.pause-refused"].statement in failures.text
    (card,) = failures.all("article")
    for text in (row["findings"][0]["curl"], "409: pause is legal in RUNNING only", "202", row["replay"]):
        assert text in card.text
    fold = card.all("details")[0]
    assert "open" not in fold.attributes
    shown = fold.all("details", class_="exchange")
    assert [int(one.text.partition(":")[0]) for one in shown] == [3, 4, 6, 7, 8]
    assert ["open" in one.attributes for one in shown] == [False, False, False, True, False]
    assert '{"error": "not in this state"}' in shown[0].text


def test_a_finding_without_an_exchange_shows_the_last_of_its_test(tmp_path: Path) -> None:
    """Where no single exchange shows the fault, those at the end of the test are shown."""
    row = result("race", "failed", exchanges=[1, 9], findings=[finding("race.linearizable")])
    exchanges = [exchange(number, "race") for number in range(1, 10)]
    shown = page(tmp_path, record([row]), exchanges).all("details", class_="exchange")
    assert [int(one.text.partition(":")[0]) for one in shown] == [*range(9 - BEFORE, 10)]


def test_a_race_is_drawn(tmp_path: Path) -> None:
    """A finding with a history has its picture on the page, in which nothing is loaded either."""
    rows = [result("race", "failed", findings=[finding("race.linearizable", history=HISTORY), finding("race.other")])]
    cards = page(tmp_path, record(rows)).all("article")
    assert [len(card.all("svg")) for card in cards] == [1, 0]
    drawing = cards[0].all("svg")[0]
    for word in ("pauseInstance", "shutdownInstance", "RUNNING", "STOPPED"):
        assert word in drawing.text
    assert not any(LOADING.search(style.text) for style in drawing.all("style"))


def test_a_rule_that_should_be_kept_is_a_warning(tmp_path: Path) -> None:
    """A finding that breaks no MUST stands among the warnings, and there are no failures then."""
    rows = [result("console", findings=[finding("console.refusal-reads-well")])]
    whole = page(tmp_path, record(rows))
    assert whole.all("section", id="failures") == []
    assert len(section(whole, "warnings").all("article")) == 1


def test_a_rule_that_the_contract_has_dropped_is_a_failure(tmp_path: Path) -> None:
    """A finding about a rule that is not in the contract given is shown all the same, and says so."""
    rows = [result("old", "failed", findings=[finding("gone.rule")])]
    assert "gone.rule not in this contract" in section(page(tmp_path, record(rows)), "failures").text


def test_findings_of_one_rule_stand_together_and_are_counted(tmp_path: Path) -> None:
    """The first are shown in full, more in a line each, and of the rest there is the number."""
    many = IN_FULL + IN_A_LINE + 40
    row = result("reading", "failed", findings=[finding("lifecycle.pause-refused") for _ in range(many)])
    failures = section(page(tmp_path, record([row])), "failures")
    assert len(failures.all("article")) == IN_FULL
    assert len(failures.all("details", class_="more")[0].all("td")) == IN_A_LINE * 4
    assert "And 40 more: they stand in record.json." in failures.text


def test_a_long_run_has_a_page_that_opens(tmp_path: Path) -> None:
    """Of ten thousand exchanges only those around the failures are on the page."""
    row = result("reading", "failed", findings=[finding("lifecycle.pause-refused", exchange=5000)])
    exchanges = [exchange(number, "reading") for number in range(1, 10_001)]
    shown = page(tmp_path, record([row]), exchanges).all("details", class_="exchange")
    assert len(shown) == BEFORE + 2


def test_a_hostile_server_can_only_be_read(tmp_path: Path) -> None:
    """Markup in names, messages and bodies is text on the page, and the direction of writing stays."""
    text = section(page(tmp_path, *failing()), "failures").text
    assert text.count('<img src="http://evil.example/x.png" onerror="alert(1)">') == 1 + IN_FULL
    assert "\\u202e" in text
    assert "\u202e" not in text


@given(text=st.text(st.characters(exclude_categories=()), min_size=1, max_size=40))
@example(text=HOSTILE)
@example(text="\ud800\x00\x1b\ufffe\r\n{{ 7 * 7 }}")
@settings(max_examples=40, deadline=None)
def test_no_text_changes_the_page(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever a server says, wherever, the elements of the page are those that it has for a plain word."""
    said, plain = (page(tmp_path_factory.mktemp("run"), *_saying(word)) for word in (text, "word"))
    assert list(_tags(said)) == list(_tags(plain))


def _saying(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A run in which a server has put this text wherever it can."""
    call = {"operation": text, "start": 0.0, "end": 0.1, "status": 200, "seen": text}
    history = {"initial": text, "calls": [call, {**call, "status": 202, "seen": None}], "longest": [1]}
    said = {"what": text, "expected": text, "got": text, "curl": text, "history": history}
    found = finding("lifecycle.pause-refused", exchange=1, **said)
    row = result("reading", "failed", reason=text, notes=[text], statesSeen=[text], findings=[found])
    spoken = exchange(1, "reading")
    spoken["response"] |= {"headers": {f"x-{text}": text}, "body": text}
    lost = {"number": 2, "at": 1.0, "check": "reading", "error": text}
    rules = {name: rule for name, rule in record()["requirements"].items() if name == "lifecycle.pause-refused"}
    kept = record([row], remarks=[text], requirements=rules)
    kept["target"]["server"] = text
    kept["statesSeen"] = {text: 2}
    return kept, [spoken, lost]


def _tags(whole: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    for one in whole.all():
        yield one.tag, tuple(one.attributes)
