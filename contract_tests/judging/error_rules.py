"""What a refusal says, where no operation describes the request: the same as everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contract import Contract, Validator
from contract_tests.running.ledger import Ledger
from contract_tests.sending.replies import Reply

SHAPE, MESSAGES, MEDIA_TYPE = "errors.shape", "errors.messages", "representation.media-type"
EXPECTED = 'an error: {"error": ["message", ...]}'


class ErrorRules:
    """Holds errors against the schema that the contract has for their status, whichever operation has it."""

    def __init__(self, contract: Contract) -> None:
        document = contract.document
        self._schemas: Mapping[int, tuple[Validator, str | None]] = {
            status: (document.validator(response.schema), document.members(response.schema).get("messages"))
            for operation in contract.operations.values()
            for status, response in operation.responses.items()
            if status >= 400 and response.schema is not None
        }

    def judge(self, reply: Reply, what: str, ledger: Ledger, *, strange: bool = False) -> None:
        """Note what an error that came for `what` shows; nothing of an answer whose status is none of an error.

        `strange`: a request that may be taken for no HTTP, and then refused with 400 before the API.
        """
        if reply.status not in self._schemas or (strange and reply.status == 400):
            return
        for rule, holds, expected, got in self._rules(reply, *self._schemas[reply.status]):
            if not ledger.require(holds, (rule,), what, expected=expected, got=got, reply=reply):
                return

    def _rules(self, reply: Reply, validator: Validator, messages: str | None) -> Iterator[tuple[str, bool, str, str]]:
        """Rules with whether they hold; one that does not makes those after it pointless."""
        if not reply.text:
            yield SHAPE, False, EXPECTED, f"{reply.status} without content"
        media_type = reply.headers.get("content-type", "none").partition(";")[0].strip().lower()
        is_json = media_type == "application/json" and (reply.body is not None or reply.text.strip() == "null")
        yield MEDIA_TYPE, is_json, "an error as JSON", f"{media_type}: {reply}"
        is_list = isinstance(reply.body, dict) and isinstance(reply.body.get(messages), list)
        yield (MESSAGES if is_list else SHAPE), validator.is_valid(reply.body), EXPECTED, str(reply)
