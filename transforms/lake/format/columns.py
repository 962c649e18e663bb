"""Rows of earlier table schemas: columns that came later get the value that says nothing."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from schemas.failures import ConfigurationError
from schemas.tables import RUNS, TABLES


def schema_of(name: str) -> pa.Schema:
    """The columns of a table of today."""
    return RUNS if name == "runs" else TABLES[name]


def conform(rows: pa.Table, name: str) -> pa.Table:
    """The rows with exactly today's columns.

    Raises ConfigurationError for columns of another type: these need `docbeam migrate`.
    """
    schema = schema_of(name)
    if rows.schema.equals(schema):
        return rows
    columns = [_column(rows, field, name) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def _column(rows: pa.Table, field: pa.Field, name: str) -> pa.ChunkedArray:
    if field.name not in rows.column_names:
        value = None if field.nullable else nothing(field.type)
        return pa.chunked_array([pa.array([value] * rows.num_rows, field.type)])
    column = rows[field.name]
    if not field.nullable and column.null_count:
        column = _filled(column, field)
    try:
        return column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ConfigurationError(
            f"column {field.name!r} of table {name!r} is of type {column.type}, not {field.type}; run `docbeam migrate`"
        ) from error


def _filled(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    values = [nothing(field.type) if value is None else value for value in column.to_pylist()]
    return pa.chunked_array([pa.array(values, field.type)])


def nothing(kind: pa.DataType) -> Any:
    """The value of a type that says nothing."""
    if pa.types.is_list(kind):
        return []
    if pa.types.is_struct(kind):
        return {kind.field(i).name: nothing(kind.field(i).type) for i in range(kind.num_fields)}
    if pa.types.is_string(kind):
        return ""
    return False if pa.types.is_boolean(kind) else 0


def grown(present: pa.Schema, name: str) -> pa.Schema | None:
    """The schema that a table must get to hold today's rows, None when it can; what is new in it may be missing."""
    fields = [field if field.name in present.names else field.with_nullable(True) for field in schema_of(name)]
    has_all = all(f.name in present.names and _covers(present.field(f.name).type, f.type) for f in fields)
    return None if has_all else pa.schema(fields)


def _covers(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether the type `one` has all the inner fields of `other`."""
    if pa.types.is_list(one) and pa.types.is_list(other):
        return _covers(one.value_type, other.value_type)
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        inner = {one.field(i).name: one.field(i).type for i in range(one.num_fields)}
        wanted = [other.field(i) for i in range(other.num_fields)]
        return all(field.name in inner and _covers(inner[field.name], field.type) for field in wanted)
    return True


def incompatible(present: pa.Schema, name: str) -> list[str]:
    """Columns that both have, with types that cannot live in one table; in words."""
    found = []
    for field in schema_of(name):
        if field.name in present.names and not _same(present.field(field.name).type, field.type):
            found.append(f"{name}.{field.name}: {present.field(field.name).type} instead of {field.type}")
    return found


def _same(one: pa.DataType, other: pa.DataType) -> bool:
    """Whether two types are the same, but for inner fields that `other` adds and that may be missing."""
    if pa.types.is_list(one) and pa.types.is_list(other):
        return _same(one.value_type, other.value_type)
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        inner = {one.field(i).name: one.field(i).type for i in range(one.num_fields)}
        wanted = [other.field(i) for i in range(other.num_fields)]
        return inner.keys() <= {field.name for field in wanted} and all(
            _same(inner[field.name], field.type) if field.name in inner else field.nullable for field in wanted
        )
    return bool(one == other)


def present(row: dict[str, Any], name: str) -> dict[str, Any]:
    """A row of an earlier schema with today's columns: what it lacks says nothing."""
    lacking = {f.name: nothing(f.type) for f in schema_of(name) if not f.nullable and row.get(f.name) is None}
    return {**row, **lacking} if lacking else row


def adapted_row(row: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    """A row of other types as today's columns want it; what it lacks says nothing."""
    return {field.name: _adapted(row.get(field.name), field) for field in schema}


def _adapted(value: Any, field: pa.Field) -> Any:
    if value is None:
        return None if field.nullable else nothing(field.type)
    if pa.types.is_list(field.type) and isinstance(value, list):
        return [_adapted(item, field.type.value_field) for item in value]
    if pa.types.is_struct(field.type) and isinstance(value, dict):
        return adapted_row(value, pa.schema(list(field.type)))
    try:
        return pa.scalar(value).cast(field.type).as_py()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise ConfigurationError(
            f"column {field.name!r} holds {value!r}, which is no {field.type}; ingest into a new output"
        ) from error
