"""The document: valid OpenAPI for a validator of the field, and refused by file and line when it is broken."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from contract import ContractError, load_contract, load_document
from tests.contract.conftest import BUILTIN, Edit
from tests.contract.refusals import Broken, assert_refused, refusal

MINIMAL = """\
openapi: 3.1.0
info: {title: Tiny, version: '2'}
paths:
  /things/{name}:
    get: {operationId: getThing, responses: {200: {description: Here.}}}
"""

GET_VNC = "paths./organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance/vnc.get"
START = "paths./organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance/_start.put"

BROKEN = {
    "another OpenAPI": Broken("openapi: 3.1.0", "openapi: 3.0.3", "openapi: 3.0.3", "openapi", "it is '3.0.3'"),
    "a version that is a number": Broken("version: 1.0.0", "version: 1.0", "version: 1.0", "info.version", "a string"),
    "no operationId": Broken(
        "    get:\n      operationId: getVnc\n",
        "    get: # nameless\n",
        "get: # nameless",
        GET_VNC,
        "'operationId' is missing",
    ),
    "an operationId twice": Broken(
        "get:\n      operationId: getVnc",
        "get:\n      operationId: getInstance # again",
        "# again",
        f"{GET_VNC}.operationId",
        "stands twice",
    ),
    "a reference to nothing": Broken(
        "schema: {$ref: '#/components/schemas/VncAccess'}",
        "schema: {$ref: '#/components/schemas/Vnc'}",
        "schemas/Vnc'}",
        f"{GET_VNC}.responses.200.content.application/json.schema.$ref",
        "'#/components/schemas/Vnc' names nothing",
    ),
    "a reference into a text": Broken(
        "schema: {$ref: '#/components/schemas/VncAccess'}",
        "schema: {$ref: '#/info/title/VncAccess'}",
        "title/VncAccess'}",
        f"{GET_VNC}.responses.200.content.application/json.schema.$ref",
        "'#/info/title/VncAccess' names nothing",
    ),
    "a reference to another file": Broken(
        "schema: {$ref: '#/components/schemas/VncAccess'}",
        "schema: {$ref: 'vnc.yaml'}",
        "'vnc.yaml'",
        f"{GET_VNC}.responses.200.content.application/json.schema.$ref",
        "'vnc.yaml' names nothing in this document",
    ),
    "a reference to itself": Broken(
        "    ProvisionRequest:\n",
        "    Loop: {$ref: '#/components/schemas/Loop'}\n    ProvisionRequest:\n",
        "    Loop: {",
        "components.schemas.Loop.$ref",
        "leads back to itself",
    ),
}


def test_a_validator_of_the_field_finds_no_fault(raw: Any) -> None:
    """openapi-spec-validator takes the built-in document."""
    assert list(OpenAPIV31SpecValidator(raw).iter_errors()) == []


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_document_is_refused(edited: Edit, broken: Broken) -> None:
    """What keeps a document from being read is named by file, line and place."""
    assert_refused(edited((broken.old, broken.new)), broken)


def test_an_operation_without_a_success_is_refused(tmp_path: Path) -> None:
    """Each operation has a 2xx, or nobody knows what it answers."""
    path = tmp_path / "tiny.yaml"
    path.write_text(MINIMAL.replace("200", "404"))
    with pytest.raises(ContractError, match=r"tiny.yaml:5: paths./things/\{name\}.get.responses: no answer is a succ"):
        load_document(path)


def test_a_range_of_statuses_is_refused(tmp_path: Path) -> None:
    """Status codes are named one by one."""
    path = tmp_path / "tiny.yaml"
    path.write_text(MINIMAL.replace("200", "2XX"))
    with pytest.raises(ContractError, match=r"tiny.yaml:5: .*responses: its name does not fit: it is '2XX'"):
        load_document(path)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "1: it is null; expected a mapping of names to values"),
        (b"- a\n- list\n", "1: it is a list; expected a mapping of names to values"),
        (b"just words", "1: it is 'just words'; expected a mapping"),
        (b"openapi: 3.1.0\ninfo: \xff\n", "2: byte 21 is not UTF-8; save the file as UTF-8"),
        (b"openapi: 3.1.0\ninfo: {title: [}\n", "2: did not find expected node content; expected YAML"),
        (b"openapi: 3.1.0\nopenapi: 3.1.0\n", "2: the key 'openapi' stands twice in one mapping; expected YAML"),
        (b"openapi: 3.1.0\n? [a]\n: b\n", "2: a key is a collection; expected YAML"),
        (b"openapi: 3.1.0\n\x01: b\n", "2: "),
        (b"openapi: !!python/name:os.system\n", "1: could not determine a constructor"),
        (b"openapi: *nobody\n", "1: found undefined alias"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """A file that is not UTF-8, not YAML or not a mapping is named with the line and the mend."""
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    assert refusal(path).problems[0].startswith(f"{path}:{message}")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that leads to nothing is named."""
    path = tmp_path / "nowhere.yaml"
    assert str(refusal(path)) == f"{path}: cannot read it: No such file or directory; expected a YAML file there"


def test_a_document_without_end_is_refused(tmp_path: Path) -> None:
    """An anchor that holds itself is refused, and does not hang."""
    path = tmp_path / "endless.yaml"
    path.write_text(f"{MINIMAL}x-endless: &a\n  again: *a\n")
    assert "cannot be checked" in str(refusal(path))


def test_all_problems_are_told(edited: Edit) -> None:
    """The text of the error is the first problem in one line, and how many more there are; problems has all."""
    error = refusal(edited(("via: UNDEFINED", "via: NOWHERE"), ("x-alias-of: shutdownInstance", "x-alias-of: halt")))
    assert len(error.problems) == 2
    assert str(error) == f"{error.problems[0]} (and 1 more)"
    assert "'NOWHERE'" in error.problems[1]
    assert "'halt'" in error.problems[0]


def test_the_digest_is_that_of_the_file() -> None:
    """Contract and document know the sha256 of their file."""
    contract = load_contract(BUILTIN)
    assert contract.digest == contract.document.digest == hashlib.sha256(BUILTIN.read_bytes()).hexdigest()
    assert contract.source == BUILTIN
    assert contract.version == "1.0.0"


def test_a_document_is_read_once_until_it_changes(tmp_path: Path) -> None:
    """The same text at the same place is the same contract; another text there is another one."""
    path = tmp_path / "openapi.yaml"
    path.write_bytes(BUILTIN.read_bytes())
    first = load_contract(path)
    assert load_contract(path) is first
    path.write_bytes(BUILTIN.read_bytes().replace(b"title: ", b"title: Another ", 1))
    assert load_contract(path).document.title == f"Another {first.document.title}"
    assert first.digest == load_contract().digest


def test_a_small_document_is_read(tmp_path: Path) -> None:
    """A document without our extensions is read all the same; keys that look like numbers are text."""
    path = tmp_path / "tiny.yaml"
    path.write_text(MINIMAL)
    document = load_document(path)
    operation = document.operations["getThing"]
    assert (document.title, document.version, document.base_path) == ("Tiny", "2", "")
    assert (operation.method, operation.path, operation.success) == ("GET", "/things/{name}", 200)
    assert operation.responses[200].schema is None


@pytest.mark.parametrize(
    "url, base_path",
    [("http://127.0.0.1:8795", ""), ("https://x.example/api/", "/api"), ("/w/one", "/w/one"), ("/", "")],
)
def test_the_base_path_is_that_of_the_server(tmp_path: Path, url: str, base_path: str) -> None:
    """The path of the first server's URL, without a slash at the end."""
    path = tmp_path / "tiny.yaml"
    path.write_text(f"{MINIMAL}servers: [{{url: '{url}'}}]\n")
    assert load_document(path).base_path == base_path
