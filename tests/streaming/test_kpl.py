"""Records packed by the Kinesis Producer Library, made here by Google's own encoder from the published format."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from streaming.kpl import MAGIC, packed, user_records

OPTIONAL, REQUIRED, REPEATED = 1, 2, 3
UINT64, TEXT, BYTES, MESSAGE = 4, 9, 12, 11


def message_classes() -> tuple[Any, Any]:
    """AggregatedRecord and Record as the library's documentation declares them."""
    file = descriptor_pb2.FileDescriptorProto(name="kpl.proto", package="kpl", syntax="proto2")
    tag = file.message_type.add(name="Tag")
    tag.field.add(name="key", number=1, type=TEXT, label=REQUIRED)
    tag.field.add(name="value", number=2, type=TEXT, label=OPTIONAL)
    record = file.message_type.add(name="Record")
    record.field.add(name="partition_key_index", number=1, type=UINT64, label=REQUIRED)
    record.field.add(name="explicit_hash_key_index", number=2, type=UINT64, label=OPTIONAL)
    record.field.add(name="data", number=3, type=BYTES, label=REQUIRED)
    record.field.add(name="tags", number=4, type=MESSAGE, type_name=".kpl.Tag", label=REPEATED)
    whole = file.message_type.add(name="AggregatedRecord")
    whole.field.add(name="partition_key_table", number=1, type=TEXT, label=REPEATED)
    whole.field.add(name="explicit_hash_key_table", number=2, type=TEXT, label=REPEATED)
    whole.field.add(name="records", number=3, type=MESSAGE, type_name=".kpl.Record", label=REPEATED)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = [
        message_factory.GetMessageClass(pool.FindMessageTypeByName(f"kpl.{n}")) for n in ("AggregatedRecord", "Record")
    ]
    return found[0], found[1]


def packed_by_google(records: list[tuple[str, bytes]]) -> bytes:
    """One record of Kinesis that holds these, with all that the format allows beside them."""
    whole_class, record_class = message_classes()
    keys = list(dict.fromkeys(key for key, _ in records))
    whole = whole_class(partition_key_table=keys, explicit_hash_key_table=["17", "123456789012345678901234567890"])
    for number, (key, data) in enumerate(records):
        record = record_class(partition_key_index=keys.index(key), data=data)
        if number % 2:
            record.explicit_hash_key_index = 1
            record.tags.add(key="source", value="player")
        whole.records.append(record)
    message = whole.SerializeToString()
    return MAGIC + message + hashlib.md5(message).digest()


RECORDS = [(f"k{n % 200}", b'{"n": %d, "text": "%s"}' % (n, b"x" * (n % 300))) for n in range(400)]


@pytest.mark.parametrize("records", [RECORDS, RECORDS[:1], [("k", b"")], []])
def test_what_was_packed_comes_back_in_order(records: list[tuple[str, bytes]]) -> None:
    assert user_records(packed_by_google(records), "outer") == records


@pytest.mark.parametrize("values", [[b"a", b"", b"x" * 200_000, b"b"], [b"{}"], []])
def test_what_we_pack_is_read_by_google_and_by_us(values: list[bytes]) -> None:
    ours = packed("schlüssel", values)
    whole = message_classes()[0].FromString(ours[len(MAGIC) : -16])
    assert list(whole.partition_key_table) == ["schlüssel"]
    assert [(record.partition_key_index, record.data) for record in whole.records] == [(0, value) for value in values]
    assert user_records(ours, "k") == [("schlüssel", value) for value in values]


@pytest.mark.parametrize("data", [b"", b"{}", MAGIC, MAGIC + b"x" * 20, MAGIC[:3] + b"{}"])
def test_what_is_no_aggregate_stays(data: bytes) -> None:
    assert user_records(data, "k") == [("k", data)]


def test_a_damaged_aggregate_stays_whole_whichever_byte_is_damaged() -> None:
    sound = packed_by_google(RECORDS[:5])
    for place in range(len(MAGIC), len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= 0x5A
        assert user_records(bytes(damaged), "k") == [("k", bytes(damaged))]


def test_a_message_that_is_none_is_no_error_even_if_its_digest_is_right() -> None:
    sound = packed_by_google(RECORDS[:5])[len(MAGIC) : -16]
    for size in range(1, len(sound)):
        cut = sound[:size]
        data = MAGIC + cut + hashlib.md5(cut).digest()
        found = user_records(data, "k")
        assert found == [("k", data)] or found == RECORDS[: len(found)]
    for message in (b"\xff" * 30, b"\x0b", b"\x1a\x02\x08\x07", b"\x0a\x01\xff"):
        data = MAGIC + message + hashlib.md5(message).digest()
        assert user_records(data, "k") == [("k", data)]
