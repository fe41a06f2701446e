"""The embedded lake: marts and KPIs as Iceberg v2 tables that DuckDB writes and any engine reads.

DuckDB writes Iceberg through a REST catalogue only, so one runs as a thread of the process that needs it (`server`).
Its pointers lie in SQLite in the layout of pyiceberg's SqlCatalog and Java's JdbcCatalog (`catalog`), which can use the
same file.
"""
