"""Structs in Thrift's compact protocol (Thrift compact protocol specification), as far as Parquet's footers need."""

from dataclasses import dataclass
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
MAX_DEPTH = 12


class ThriftError(ValueError):
    """The bytes are no struct, or one without the field that is asked for."""


@dataclass(frozen=True)
class Struct:
    """Field number → (type, value)."""

    fields: dict[int, tuple[int, Any]]

    def need(self, number: int, kind: int) -> Any:
        """A field's value; a ThriftError when it is not there or of another type."""
        found = self.fields.get(number)
        if found is None or found[0] != kind:
            raise ThriftError(f"field {number} is not there")
        return found[1]

    def may(self, number: int, kind: int) -> Any:
        """A field's value, or None; a ThriftError when it is of another type: readers differ in what they do then."""
        return self.need(number, kind) if number in self.fields else None

    def structs(self, number: int) -> list["Struct"]:
        """A field that is a list of structs."""
        found = self.need(number, LIST)
        if not all(isinstance(value, Struct) for value in found):
            raise ThriftError(f"field {number} is no list of structs")
        return found


class Reader:
    """Reads one value after the other from `at` on; `at` is then behind it."""

    def __init__(self, data: memoryview, at: int = 0) -> None:
        self.data, self.at = data, at

    def struct(self, depth: int = 0) -> Struct:
        """The struct that begins here. No field may come twice: readers differ in which one counts."""
        if depth > MAX_DEPTH:
            raise ThriftError("structs nested too deeply")
        fields: dict[int, tuple[int, Any]] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            if number in fields:
                raise ThriftError(f"field {number} is there twice")
            kind = head & 0x0F
            fields[number] = kind, self._value(kind, depth + 1)
        return Struct(fields)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return self._zigzag()
        if kind == DOUBLE:
            return self._take(8)
        if kind == BINARY:
            return self._take(self._varint())
        if kind == STRUCT:
            return self.struct(depth)
        if kind in (LIST, SET):
            return self._list(depth)
        raise ThriftError(f"type {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size, kind = head >> 4, head & 0x0F
        size = self._varint() if size == 15 else size
        if size > len(self.data) - self.at:  # each element takes a byte at least
            raise ThriftError("a list is longer than the data")
        return [self._value(BYTE if kind in (TRUE, FALSE) else kind, depth + 1) for _ in range(size)]

    def _take(self, size: int) -> bytes:
        if size > len(self.data) - self.at:
            raise ThriftError("the data ends within a value")
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def _byte(self) -> int:
        if self.at >= len(self.data):
            raise ThriftError("the data ends within a struct")
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ThriftError("a number of more than 64 bits")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
