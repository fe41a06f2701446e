{#
  Why: a DuckDB file shows the tables of the lake by views that read Iceberg's files and need no catalogue, so that any DuckDB
  finds them (ingestion/lake/catalog.py names the present state beside each table). Other views of the file read these.
  Trap: DuckDB's own table of that name is what the target `duckdb` built before; the rows of the lake are newer now.
#}
{% macro show_in_file(table) %}
    {%- if lake_is_ours() -%}
        {%- set view = in_file(table) -%}
        {%- set found = run_query("select metadata_location from iceberg_load_table_response('" ~ table.render() | replace('"', '') ~ "')") -%}
        {%- set location = found.columns[0].values()[0].split('/metadata/')[0] -%}
        {%- do run_query('create schema if not exists ' ~ view.without_identifier()) -%}
        {%- if load_cached_relation(view) is not none and load_cached_relation(view).is_table -%}
            {%- do adapter.drop_relation(load_cached_relation(view)) -%}
        {%- endif -%}
        {%- do run_query('create or replace view ' ~ view ~ " as select * from iceberg_scan('" ~ location | replace("'", "''") ~ "')") -%}
    {%- endif -%}
{% endmacro %}
