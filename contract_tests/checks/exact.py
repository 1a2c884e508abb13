"""Imported properties chosen by hand, each as somebody's server would improve it: they must be shown as they were sent.

A generator meets these seldom: it draws neither two keys that differ in their case nor a value in decomposed letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contract import Contract, Operation
from contract_tests.judging import compare
from contract_tests.judging.body_rules import KEPT
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import check_each
from contract_tests.running.target import Level
from contract_tests.sending.replies import LostReplyError, Reply

LONG_KEY, LONG_VALUE = 255, 65_535
"""The lengths that are taken in any case (openapi.yaml: properties.longest-taken)."""

DECOMPOSED, COMPOSED = "e\u0301 A\u030a \u212b \u1112\u1161\u11ab", "\u00e9 \u00c5 \ud55c"
"""The same letters to a reader, as marks after a letter and as letters of their own."""


def _filled(beginning: str, length: int) -> str:
    """A text of a length, with an end of its own: one that is cut is seen."""
    return f"{beginning}{'.' * (length - len(beginning) - 3)}end"


SAMPLES: Mapping[str, Mapping[str, str]] = {
    "letters in decomposed and in composed form": {"decomposed": DECOMPOSED, "composed": COMPOSED},
    "keys that differ in their normal form only": {f"n {DECOMPOSED}": "decomposed", f"n {COMPOSED}": "composed"},
    "spaces, tabs and line ends around a value": {"spaces": "  a  b  ", "tabs": "\ta\t", "lines": "\r\na\r\nb\n"},
    "spaces around a key": {
        " spaced ": "outer",
        "spaced ": "behind",
        "spaced": "none",
        "spa  ced": "inner",
    },
    "capitals": {"Capitals": "KEY", "capitals": "key", "CAPITALS": "Stra\u00dfe \u1e9e \u0130 \u0131"},
    "letters with a mark and without": {"resume": "1", "r\u00e9sum\u00e9": "2", "RESUM\u00c9": "3"},
    "names that programs know": {"__proto__": "1", "constructor": "2", "toString": "3", "$set": "4", "_id": "5"},
    "markup": {"<b>&amp;</b>": "<script>'\"&lt;&amp;</script>", "entities": "&#39;&quot;%26"},
    "an empty value and blank ones": {"empty": "", "space": " ", "zero": "0"},
    "values that read like other types": {
        "true": "true",
        "False": "False",
        "null": "null",
        "None": "None",
        "number": "1",
        "zeros": "007",
        "decimal": "1.0",
        "exponent": "1e3",
        "large": "12345678901234567890",
        "object": '{"a": [1, 2]}',
        "date": "2024-02-30T00:00:00Z",
    },
    "escapes and templates": {
        "percent": "100%20%s%2F%zz",
        "plus": "a+b",
        "backslash": "C:\\new\\u0041\\n",
        "template": "${HOME} {{x}} {0} $(id) `id`",
        "quotes": "' OR '1'='1'; --",
    },
    "letters beyond the basic plane": {
        "\U0001f5a5 key": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U00010348 \U0001d54f"
    },
    "marks that are not seen": {"marks": "a\u200bb\u00adc\u202ed\ufefff\u2028g\u00a0h", "first": "\ufeffa\uffffb"},
    "control characters": {"controls": "a\tb\x0bc\x1bd\x7fe\u0085f", "zero character": "a\0b"},
    "separators": {"a.b.c": "dots", "a/b": "slash", "a=b,c;d": "a=b,c;d", "a:b": "colon", "a[0]": "index", "#": "?"},
    "a long key and a long value": {_filled("long key ", LONG_KEY): _filled("long value ", LONG_VALUE)},
    "a long key and a long value in wide letters": {"\u00e9" * LONG_KEY: "\u20ac" * LONG_VALUE},
    "a value longer than a line": {"5000": _filled("a longer value ", 5000), "300": _filled("a value ", 300)},
    "keys in no order": {"z": "1", "a": "3", "m": "2"},
    "many properties": {f"property {number}": _filled(f"value {number} ", 1000) for number in range(300)},
}
"""Properties by what is special about them."""


def _taking_properties(contract: Contract) -> Iterable[tuple[Operation, Level, Iterable[str]]]:
    for operation in contract.operations.values():
        if operation.body and contract.document.resolve(operation.body.schema).get("type") == "array":
            yield operation, Level.FULL, (KEPT,)


@check_each("exact-properties", "properties chosen by hand, character by character:", operations=_taking_properties)
def exact_properties(bench: Bench, operation: Operation) -> None:
    """Each sample is imported where there is no instance; the answer shows it, and GET does."""
    validator = bench.contract.document.validator(operation.body.schema if operation.body else {})
    for name, properties in SAMPLES.items():
        if validator.problems(bench.shown.property_list(properties)):
            continue  # the contract given has other bounds
        what = f"{operation.id} with {name}"
        try:
            _try(bench, operation, what, properties)
        except LostReplyError as error:
            bench.ledger.doubt((KEPT,), f"{what}: {error}")


def _try(bench: Bench, operation: Operation, what: str, properties: Mapping[str, str]) -> None:
    bench.navigator.bring(bench.host, bench.contract.lifecycle.absent)
    reply = bench.client.call(operation, bench.host, body=bench.shown.property_list(properties))
    bench.ledger.figures["examples"] += 1
    if not reply.accepted:
        if reply.status < 500:  # a 5xx is charged already, as in every answer
            expected = f"{operation.success}: every property is one of the contract"
            bench.ledger.breach(Finding((KEPT,), what, expected, str(reply), reply.number, reply.curl))
        return
    after = bench.navigator.rest(bench.host)
    _shows(bench, f"{what}, the answer", properties, bench.shown.properties(reply.body), reply)
    _shows(bench, f"{what}, then GET", properties, bench.shown.properties(after.body), after.reply)


def _shows(bench: Bench, what: str, sent: Mapping[str, str], shown: list[tuple[str, str]], reply: Reply) -> None:
    lost = [pair for pair in sent.items() if not pair[0].startswith(compare.VOLATILE) and pair not in shown]
    now = dict(shown)
    got = "" if not lost else _difference(lost[0], now)
    bench.ledger.require(not lost, (KEPT,), what, expected="every property as it was sent", got=got, reply=reply)


def _difference(sent: tuple[str, str], now: Mapping[str, str]) -> str:
    key, value = sent
    if key not in now:
        return f"no property {key!a:.80}"
    return f"{key!a:.80} is {now[key]!a:.80}, {len(now[key])} characters; sent was {value!a:.80}, {len(value)}"
