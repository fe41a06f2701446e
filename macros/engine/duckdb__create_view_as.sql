{#
  Why: a view takes the place of an older one in one statement (materialization_view_duckdb), and a view of the DuckDB file reads the lake's
  tables where the file shows them, so that it needs no catalogue either.
#}
{% macro duckdb__create_view_as(relation, sql) -%}
    {%- set lake, file = adapter.quote('lake') ~ '.', adapter.quote(target.database) ~ '.' -%}
    {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(sql) }}{%- endif -%}
    create or replace view {{ relation }} as (
        {{ sql | replace(lake, file) if lake_is_ours() else sql }}
    )
{%- endmacro %}
