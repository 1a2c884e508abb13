"""Reads a report page as a browser without JavaScript would: its elements, and the text of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})


@dataclass(slots=True)
class Element:
    """An element with what is in it. `text` is its own text and that of all inside, in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    pieces: list[str | Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text inside, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """The elements inside with this tag, or any, and these attributes (`class_` holds this name among others)."""
        return [one for one in self._walk() if (not tag or one.tag == tag) and one.has(attributes)]

    def own(self) -> list[str]:
        """Its own text as it stands, without that of the elements inside."""
        return [piece for piece in self.pieces if isinstance(piece, str)]

    def has(self, attributes: dict[str, str]) -> bool:
        """Whether it has these attributes."""
        mine = {**self.attributes, "class_": self.attributes.get("class", "")}
        return all(
            value in mine.get(name, "").split() if name == "class_" else mine.get(name) == value
            for name, value in attributes.items()
        )

    def _walk(self) -> Iterator[Element]:
        for child in self.children:
            yield child
            yield from child._walk()

    def _texts(self) -> Iterator[str]:
        for piece in self.pieces:
            if isinstance(piece, Element):
                yield from piece._texts()
                yield " "
            else:
                yield piece


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        self._open[-1].pieces.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        opened = self._open.pop()
        assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        self._open[-1].pieces.append(data)


def read_page(text: str) -> Element:
    """The page. AssertionError when an element is not closed where it was opened."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader._open == [reader.root], f"<{reader._open[-1].tag}> is never closed"
    return reader.root
