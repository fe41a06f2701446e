"""Records packed into one as the Kinesis Producer Library does it: packing them, and the user's records again.

An aggregated record is four magic bytes, a protocol buffer, and the MD5 of that. Of the protocol buffer, field 1 is the
table of partition keys, field 3 a record: field 1 of it the place of its key in the table, field 3 its data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

MAGIC = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES = 16
KEYS, RECORDS = 1, 3
KEY, DATA = 1, 3
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5


def user_records(data: bytes, key: str) -> list[tuple[str, bytes]]:
    """Key and data of each record in `data`; what is no aggregate, or a damaged one, comes back as it is.

    Records whose key belongs to another shard (the library sends these again after a split) are not left out: they
    come twice then, and none is lost with producers that pack in another way.
    """
    if not data.startswith(MAGIC):
        return [(key, data)]
    message, digest = data[len(MAGIC) : -DIGEST_BYTES], data[-DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        return [(key, data)]
    try:
        return list(_unpacked(message))
    except (ValueError, IndexError, UnicodeDecodeError):
        return [(key, data)]


def packed(key: str, records: Sequence[bytes]) -> bytes:
    """Several records of one key as one, in their order."""
    message = _field(KEYS, key.encode())
    message += b"".join(_field(RECORDS, bytes([KEY << 3 | VARINT, 0]) + _field(DATA, data)) for data in records)
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _field(number: int, value: bytes) -> bytes:
    size, left = bytearray(), len(value)
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([number << 3 | BYTES, *size, left]) + value


def _unpacked(message: bytes) -> Iterator[tuple[str, bytes]]:
    fields = list(_fields(message))
    keys = [value.decode() for number, value in fields if number == KEYS and isinstance(value, bytes)]
    for number, value in fields:
        if number == RECORDS and isinstance(value, bytes):
            record = dict(_fields(value))
            place, data = record.get(KEY), record.get(DATA)
            if not isinstance(place, int) or not isinstance(data, bytes):
                raise ValueError("a record without key or data")
            yield keys[place], data


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field; ValueError or IndexError where the message is not whole."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (EIGHT_BYTES, FOUR_BYTES):
            size = 8 if kind == EIGHT_BYTES else 4
        else:
            raise ValueError(f"no field begins with {tag}")
        if at + size > len(message):
            raise ValueError("a field is longer than the message")
        yield tag >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
