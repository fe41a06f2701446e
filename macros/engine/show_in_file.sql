{#
  Why: a DuckDB file shows the tables of the lake by views that read Iceberg's files and need no catalogue, so that any DuckDB
  finds them (ingestion/lake/catalog.py names the present state beside each table). Other views of the file read these.
  Trap: DuckDB's own table of that name is what the target `duckdb` built before; the rows of the lake are newer now.
  A table that was only continued lies where it lay, and its view stands.
#}
{% macro show_in_file(table) %}
    {%- set view = in_file(table) -%}
    {%- set shown = load_cached_relation(view) -%}
    {%- if lake_is_ours() and not (is_incremental() and shown is not none and shown.is_view) -%}
        {%- set found = run_query("select metadata_location from iceberg_load_table_response('" ~ table.render() | replace('"', '') ~ "')") -%}
        {%- set location = found.columns[0].values()[0].split('/metadata/')[0] -%}
        {%- do run_query('create schema if not exists ' ~ view.without_identifier()) -%}
        {%- if shown is not none and shown.is_table -%}{%- do adapter.drop_relation(shown) -%}{%- endif -%}
        {%- do run_query('create or replace view ' ~ view ~ " as select * from iceberg_scan('" ~ location | replace("'", "''") ~ "')") -%}
    {%- endif -%}
{% endmacro %}
