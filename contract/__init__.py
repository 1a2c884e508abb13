"""The contract: openapi.yaml as data. Both halves of the project read it through this package, and know no other."""

from contract.api import Contract, load_contract
from contract.document import Document, load_document
from contract.errors import ContractError
from contract.lifecycle import Edge, Lifecycle, Lock, State
from contract.operations import Body, Operation, Parameter, Response
from contract.requirements import Feature, Requirement, Scope
from contract.schemas import Validator
from contract.yaml_source import YamlSource, load_yaml, parse_yaml, read_yaml

__all__ = [
    "Body",
    "Contract",
    "ContractError",
    "Document",
    "Edge",
    "Feature",
    "Lifecycle",
    "Lock",
    "Operation",
    "Parameter",
    "Requirement",
    "Response",
    "Scope",
    "State",
    "Validator",
    "YamlSource",
    "load_contract",
    "load_document",
    "load_yaml",
    "parse_yaml",
    "read_yaml",
]
