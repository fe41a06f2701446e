"""Iceberg table metadata as plain JSON: a new table's, what a commit requires of it, and what it changes.

Names and meanings are those of the Iceberg table and REST specifications. Nothing here touches a disk or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ingestion.lake.errors import bad_request, conflict, no_table

Metadata = dict[str, Any]
Update = dict[str, Any]
Requirement = dict[str, Any]

MAIN = "main"
#: Former metadata files that a table remembers; DuckDB and others ask for the last few only.
LOGGED_METADATA_FILES = 100
#: requirement -> (field of the metadata, field of the requirement)
REQUIRED = {
    "assert-table-uuid": ("table-uuid", "uuid"),
    "assert-last-assigned-field-id": ("last-column-id", "last-assigned-field-id"),
    "assert-current-schema-id": ("current-schema-id", "current-schema-id"),
    "assert-last-assigned-partition-id": ("last-partition-id", "last-assigned-partition-id"),
    "assert-default-spec-id": ("default-spec-id", "default-spec-id"),
    "assert-default-sort-order-id": ("default-sort-order-id", "default-sort-order-id"),
}


def empty(location: str, now_ms: int) -> Metadata:
    """Metadata of a table of which nothing is known but where it will lie."""
    return {
        "format-version": 2,
        "table-uuid": None,
        "location": location,
        "last-sequence-number": 0,
        "last-updated-ms": now_ms,
        "last-column-id": 0,
        "current-schema-id": -1,
        "schemas": [],
        "default-spec-id": -1,
        "partition-specs": [],
        "last-partition-id": 999,
        "default-sort-order-id": -1,
        "sort-orders": [],
        "properties": {},
        "current-snapshot-id": -1,
        "snapshots": [],
        "snapshot-log": [],
        "metadata-log": [],
        "refs": {},
    }


def creation(request: dict[str, Any], location: str, uuid: str) -> list[Update]:
    """A request to create a table, as the updates that make it from `empty`."""
    properties = dict(request.get("properties") or {})
    version = int(properties.pop("format-version", 2))
    fields = (request.get("partition-spec") or {}).get("fields", [])
    spec = {
        "spec-id": 0,
        "fields": [{"field-id": 1000 + number, **field} for number, field in enumerate(fields)],
    }
    asked_order = request.get("write-order") or {}
    order = asked_order if asked_order.get("fields") else {"order-id": 0, "fields": []}
    return [
        {"action": "assign-uuid", "uuid": uuid},
        {"action": "upgrade-format-version", "format-version": version},
        {"action": "set-location", "location": location},
        {"action": "add-schema", "schema": {**request["schema"], "schema-id": 0}},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": spec},
        {"action": "set-default-spec", "spec-id": -1},
        {"action": "add-sort-order", "sort-order": order},
        {"action": "set-default-sort-order", "sort-order-id": -1},
        {"action": "set-properties", "updates": properties},
    ]


def check(requirements: Sequence[Requirement], metadata: Metadata | None, name: str) -> None:
    """Raise a conflict unless the table (None: it does not exist) is what the client took it for."""
    kinds = {requirement["type"] for requirement in requirements}
    for requirement in requirements:
        kind = requirement["type"]
        if kind == "assert-create":
            if metadata is not None:
                raise conflict(f"{name} was created by somebody else meanwhile")
        elif "assert-create" in kinds:
            continue  # DuckDB asserts the ids of the staged table too, which is none yet
        elif metadata is None:
            raise no_table(name)
        elif kind == "assert-ref-snapshot-id":
            _compare(_snapshot_of(metadata, requirement["ref"]), requirement.get("snapshot-id"), kind, name)
        elif kind in REQUIRED:
            field, asked = REQUIRED[kind]
            _compare(metadata.get(field), requirement[asked], kind, name)
        else:
            raise bad_request(f"unknown requirement {kind}")


def _snapshot_of(metadata: Metadata, ref: str) -> int | None:
    found: int | None = metadata["refs"].get(ref, {}).get("snapshot-id")
    return found


def _compare(got: object, asked: object, kind: str, name: str) -> None:
    if got != asked:
        raise conflict(f"{name} was changed by somebody else meanwhile ({kind}: {got} instead of {asked}); run again")


def apply(metadata: Metadata, update: Update, now_ms: int) -> None:
    """Change the metadata as one update says. Raises CatalogError for an update that is not known."""
    action = UPDATES.get(update["action"])
    if action is None:
        raise bad_request(f"unknown update {update['action']}")
    action(metadata, update)
    metadata["last-updated-ms"] = now_ms


def remember(metadata: Metadata, former: str, now_ms: int) -> None:
    """Enter the former metadata file into the log."""
    entry = {"metadata-file": former, "timestamp-ms": now_ms}
    metadata["metadata-log"] = [*metadata["metadata-log"], entry][-LOGGED_METADATA_FILES:]


def _replace(metadata: Metadata, key: str, item: dict[str, Any], by: str) -> None:
    """Put the item in, in place of one of the same id."""
    metadata[key] = [one for one in metadata.get(key, []) if one[by] != item[by]] + [item]


def _set_id(metadata: Metadata, key: str, asked: int, items: str, by: str) -> None:
    """Choose an id; -1 means the last one added."""
    metadata[key] = metadata[items][-1][by] if asked == -1 else asked


def _upgrade(metadata: Metadata, update: Update) -> None:
    if update["format-version"] != metadata["format-version"]:
        raise bad_request("this catalogue keeps tables of format version 2")


def _add_schema(metadata: Metadata, update: Update) -> None:
    schema = update["schema"]
    _replace(metadata, "schemas", schema, "schema-id")
    highest = max(metadata["last-column-id"], update.get("last-column-id") or 0, _highest_id(schema))
    metadata["last-column-id"] = highest


def _highest_id(value: object) -> int:
    """The highest field id in a schema, nested types included."""
    if isinstance(value, list):
        return max((_highest_id(item) for item in value), default=0)
    if not isinstance(value, dict):
        return 0
    own = [int(value[key]) for key in ("id", "element-id", "key-id", "value-id") if key in value]
    return max([*own, *(_highest_id(item) for item in value.values())], default=0)


def _add_spec(metadata: Metadata, update: Update) -> None:
    spec = update["spec"]
    _replace(metadata, "partition-specs", spec, "spec-id")
    ids = [metadata["last-partition-id"], *(field["field-id"] for field in spec["fields"])]
    metadata["last-partition-id"] = max(ids)


def _add_snapshot(metadata: Metadata, update: Update) -> None:
    snapshot = update["snapshot"]
    metadata["snapshots"].append(snapshot)
    metadata["last-sequence-number"] = max(metadata["last-sequence-number"], snapshot.get("sequence-number", 0))


def _set_ref(metadata: Metadata, update: Update) -> None:
    name, snapshot = update["ref-name"], update["snapshot-id"]
    metadata["refs"][name] = {key: value for key, value in update.items() if key not in ("action", "ref-name")}
    if name == MAIN:
        at = next(one["timestamp-ms"] for one in metadata["snapshots"] if one["snapshot-id"] == snapshot)
        metadata["current-snapshot-id"] = snapshot
        metadata["snapshot-log"].append({"snapshot-id": snapshot, "timestamp-ms": at})


def _remove_snapshots(metadata: Metadata, update: Update) -> None:
    gone = set(update["snapshot-ids"])
    for key in ("snapshots", "snapshot-log", "statistics", "partition-statistics"):
        if key in metadata:
            metadata[key] = [one for one in metadata[key] if one["snapshot-id"] not in gone]
    metadata["refs"] = {name: ref for name, ref in metadata["refs"].items() if ref["snapshot-id"] not in gone}


def _remove_ref(metadata: Metadata, update: Update) -> None:
    metadata["refs"].pop(update["ref-name"], None)


def _remove_properties(metadata: Metadata, update: Update) -> None:
    for key in update["removals"]:
        metadata["properties"].pop(key, None)


def _without(key: str, by: str, ids: str) -> Callable[[Metadata, Update], None]:
    """Removal of the items whose id the update lists."""

    def remove(metadata: Metadata, update: Update) -> None:
        metadata[key] = [one for one in metadata.get(key, []) if one[by] not in update[ids]]

    return remove


def _statistics(key: str) -> Callable[[Metadata, Update], None]:
    return lambda metadata, update: _replace(metadata, key, update[key], "snapshot-id")


def _no_statistics(key: str) -> Callable[[Metadata, Update], None]:
    def remove(metadata: Metadata, update: Update) -> None:
        metadata[key] = [one for one in metadata.get(key, []) if one["snapshot-id"] != update["snapshot-id"]]

    return remove


UPDATES: dict[str, Callable[[Metadata, Update], None]] = {
    "assign-uuid": lambda metadata, update: metadata.update({"table-uuid": update["uuid"]}),
    "upgrade-format-version": _upgrade,
    "set-location": lambda metadata, update: metadata.update(location=update["location"].rstrip("/")),
    "set-properties": lambda metadata, update: metadata["properties"].update(update["updates"]),
    "remove-properties": _remove_properties,
    "add-schema": _add_schema,
    "set-current-schema": lambda metadata, update: _set_id(
        metadata, "current-schema-id", update["schema-id"], "schemas", "schema-id"
    ),
    "remove-schemas": _without("schemas", "schema-id", "schema-ids"),
    "add-spec": _add_spec,
    "set-default-spec": lambda metadata, update: _set_id(
        metadata, "default-spec-id", update["spec-id"], "partition-specs", "spec-id"
    ),
    "remove-partition-specs": _without("partition-specs", "spec-id", "spec-ids"),
    "add-sort-order": lambda metadata, update: _replace(metadata, "sort-orders", update["sort-order"], "order-id"),
    "set-default-sort-order": lambda metadata, update: _set_id(
        metadata, "default-sort-order-id", update["sort-order-id"], "sort-orders", "order-id"
    ),
    "add-snapshot": _add_snapshot,
    "set-snapshot-ref": _set_ref,
    "remove-snapshots": _remove_snapshots,
    "remove-snapshot-ref": _remove_ref,
    "set-statistics": _statistics("statistics"),
    "remove-statistics": _no_statistics("statistics"),
    "set-partition-statistics": _statistics("partition-statistics"),
    "remove-partition-statistics": _no_statistics("partition-statistics"),
}
