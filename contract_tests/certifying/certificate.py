"""Whether a certificate states what the files of its folder make it state, and who has signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests.certifying import envelope
from contract_tests.certifying.extra import CryptoSigner, SSlibKey
from contract_tests.certifying.rendering import of_a_certificate
from contract_tests.certifying.statement import LINK, digests, statement
from contract_tests.certifying.verifying import of_form
from contract_tests.reports.reading import CERTIFICATE, RECORD, read_record


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who has signed. `by`: the given keys that did, by their files; `others`: ids of which no key was given."""

    by: Mapping[Path, str]
    others: Sequence[str]


def of_certificate(folder: Path, contract: Contract, keys: Mapping[Path, SSlibKey]) -> Iterator[str]:
    """What is wrong with the certificate of a folder, each in a sentence that names the place.

    `keys`: those that must have signed, by their files. RecordError when there is no record that can be read.
    """
    try:
        sealed = envelope.read(folder)
        stated = envelope.statement_in(sealed)
    except envelope.CertificateError as error:
        yield str(error)
        return
    for path, key in keys.items():
        if key.keyid not in sealed.signatures:
            yield f"{CERTIFICATE}: not signed with {path}, key {key.keyid}"
        elif not envelope.has_signed(sealed, key):
            yield f"{CERTIFICATE}: the signature with {path}, key {key.keyid}, is not one of this statement"
    yield from _of_statement(stated, folder, contract)


def signatures(folder: Path, keys: Mapping[Path, SSlibKey]) -> Signatures:
    """Who has signed the certificate of a folder. CertificateError when there is none."""
    sealed = envelope.read(folder)
    by = {path: key.keyid for path, key in keys.items() if envelope.has_signed(sealed, key)}
    known = {key.keyid for key in keys.values()}
    return Signatures(by, [keyid for keyid in sealed.signatures if keyid not in known])


def seal(folder: Path, contract: Contract, signers: Sequence[CryptoSigner]) -> None:
    """Write all that makes a run's folder a certificate: badge, README, and the certificate over all of it."""
    (folder / CERTIFICATE).unlink(missing_ok=True)
    for name, text in of_a_certificate(read_record(folder), contract).items():
        (folder / name).write_text(text, "utf-8")
    envelope.seal(folder, statement(folder, contract), signers)


def _of_statement(stated: Mapping[str, Any], folder: Path, contract: Contract) -> Iterator[str]:
    """Where a statement is not what the files make it."""
    subjects = list(_of_subjects(_digests(stated), digests(folder)))
    yield from subjects
    if any(sentence.startswith(f"{RECORD}:") for sentence in subjects):
        return  # what it comes to is a matter of another record
    unlike = list(of_form(folder))
    yield from unlike
    if unlike:
        return
    made = statement(folder, contract)
    for name in dict.fromkeys([*made, *stated]):
        if name == "predicate" and isinstance(stated.get(name), dict):
            for part in dict.fromkeys([*made[name], *stated[name]]):
                yield from _of_member(f"{name}.{part}", stated[name].get(part), made[name].get(part))
        elif name == "subject":
            yield from _of_order(stated, made)
        else:
            yield from _of_member(name, stated.get(name), made.get(name))


def _of_subjects(stated: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*there, *stated]):
        if there.get(name) == LINK:
            yield f"{name}: it is a link, and not a file of this folder"
        elif name not in there:
            yield f"{name}: the certificate is about it, and it is not there"
        elif name not in stated:
            yield f"{name}: it is there, and the certificate is not about it"
        elif stated[name] != there[name]:
            yield f"{name}: its digest is not the one in the certificate"


def _of_order(stated: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[str]:
    """What the digests do not show: another order, the same file twice, a digest of another kind."""
    same_files = _digests(stated) == _digests(made)
    if same_files and stated.get("subject") != made["subject"]:
        yield f"{CERTIFICATE}: subject is not written as these files make it"


def _of_member(name: str, stated: object, made: object) -> Iterator[str]:
    if stated != made:
        yield f"{CERTIFICATE}: {name} is {_short(stated, made)}, and the files make it {_short(made, stated)}"


def _short(value: object, other: object) -> str:
    """A value, or of a long list what the other one does not have."""
    if isinstance(value, list) and isinstance(other, list):
        unlike = [one for one, two in zip_longest(value, other) if one != two]
        return f"{len(value)} long with {unlike[0]!r}" if unlike else f"{len(value)} long"
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:120]}…"


def _digests(stated: Mapping[str, Any]) -> dict[str, str]:
    """The digest of each file that a statement is about; none where it is not of that form."""
    rows = stated.get("subject")
    found = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("digest"), dict):
            found[str(row.get("name"))] = str(row["digest"].get("sha256"))
    return found
