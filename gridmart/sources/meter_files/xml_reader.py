"""Hostile XML: a document's records one by one, bounded in size and depth, without a document type or entities.

The standard library's expat does it: with document types refused there is nothing to expand and nothing to fetch.
"""

import contextlib
import gc
from collections.abc import Callable, Iterator
from xml.parsers import expat

from gridmart.sources.meter_files.model import RefusalError

MAX_BYTES = 256 << 20  # of one document: some 10 million readings of the wordiest format
MAX_DEPTH = 64
MAX_ELEMENTS = 2_000_000  # of one record
MAX_NAMES = 10_000  # that are kept without their namespace
MAX_TEXT = 1 << 20  # characters of one element
ENDS_EARLY = {  # expat's codes for a document that stops in the middle
    expat.errors.codes[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS, expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}  # fmt: skip


class Element:
    """An element: its name without namespace, attributes, text, children and line."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name, self.attributes, self.line = name, attributes, line
        self.text = ""
        self.children: list[Element] = []

    def all(self, name: str) -> "list[Element]":
        """Children of a name."""
        return [child for child in self.children if child.name == name]

    def first(self, *path: str) -> "Element | None":
        """The first child of a name, its first child of the next name, and so on."""
        found: Element | None = self
        for name in path:
            found = next((child for child in found.children if child.name == name), None) if found else None
        return found

    def word(self, *path: str) -> str:
        """Text of `first`, without blanks around it; empty where there is none."""
        found = self.first(*path)
        return found.text.strip() if found else ""


class BrokenError(Exception):
    """The document ends early or is not well formed; what came before has been handled."""

    def __init__(self, line: int, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.line, self.rule, self.reason = line, rule, reason


class _FoundError(Exception):
    pass


def root(head: bytes) -> tuple[str, str, dict[str, str]] | None:
    """Namespace, name and attributes of a document's first element, from its first bytes; None if it has none.

    Raises RefusalError where entities are declared: attributes may call them.
    """
    if not head.lstrip(b" \t\r\n").startswith(b"<"):
        return None
    found: list[tuple[str, str, dict[str, str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        found.append((space, local, attributes))
        raise _FoundError

    parser = expat.ParserCreate("utf-8", " ")
    parser.StartElementHandler, parser.EntityDeclHandler = start, _entities
    with contextlib.suppress(_FoundError, expat.ExpatError, ValueError):
        parser.Parse(head.lstrip(b" \t\r\n"), False)
    return found[0] if found else None


def _entities(*_: object) -> None:
    raise RefusalError("xml_entities", "the document has a document type: entities are not read")


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Elements form no cycles, and looking for some among millions takes longer than reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read(data: bytes, wanted: frozenset[str], handle: Callable[[Element], None]) -> None:
    """Call `handle` with every outermost element of the wanted names, when it is complete.

    Raises RefusalError for a document type or beyond the bounds, BrokenError where the document breaks off.
    """
    if len(data) > MAX_BYTES:
        raise RefusalError("archive_limit", f"the document has more than {MAX_BYTES:,} bytes")
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    open_elements: list[Element] = []
    texts: list[list[str]] = []  # parts of each open element's text: adding up strings would take time squared
    names: dict[str, str] = {}
    state = {"depth": 0, "elements": 0, "text": 0}

    def start(name: str, attributes: dict[str, str]) -> None:
        state["depth"] += 1
        if state["depth"] > MAX_DEPTH:
            raise RefusalError("archive_limit", f"elements lie more than {MAX_DEPTH} deep")
        local = names.get(name)
        if local is None:
            local = name.rpartition(" ")[2]
            if len(names) < MAX_NAMES:
                names[name] = local
        if not open_elements and local not in wanted:
            return
        state["elements"] += 1
        if state["elements"] > MAX_ELEMENTS:
            raise RefusalError("archive_limit", f"one record has more than {MAX_ELEMENTS:,} elements")
        element = Element(local, attributes, parser.CurrentLineNumber)
        if open_elements:
            open_elements[-1].children.append(element)
        open_elements.append(element)
        texts.append([])
        state["text"] = 0

    def end(name: str) -> None:
        state["depth"] -= 1
        if open_elements:
            element = open_elements.pop()
            element.text = "".join(texts.pop())
            state["text"] = 0
            if not open_elements:
                state["elements"] = 0
                handle(element)

    def text(content: str) -> None:
        if open_elements and not (content.isspace() and not texts[-1]):
            state["text"] += len(content)
            if state["text"] > MAX_TEXT:
                raise RefusalError("archive_limit", f"one text has more than {MAX_TEXT:,} characters")
            texts[-1].append(content)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, _entities
    blanks = len(data) - len(data.lstrip(b" \t\r\n"))  # a declaration must come first; files have blank lines before it
    try:
        with _without_collector():
            parser.Parse(data[blanks:] if blanks else data, True)
    except expat.ExpatError as error:
        rule = "truncated" if error.code in ENDS_EARLY else "bad_structure"
        line = error.lineno + data.count(b"\n", 0, blanks)
        reason = f"line {line} is no well-formed XML: {expat.ErrorString(error.code)}"
        raise BrokenError(line, rule, reason) from error
