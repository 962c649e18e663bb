"""Everything that crosses a boundary: records, Arrow schemas, options, errors, ids. Imports no Beam."""
