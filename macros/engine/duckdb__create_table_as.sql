{#
  Why: how a table of the lake comes to be: CREATE TABLE AS, which writes its rows once, or new rows in place of the old ones
  in one commit. A `table` that has not changed is left alone, else every build would add files and a snapshot.
  Trap: DELETE of everything marks the rows in files of their own; `media maintain` writes such tables anew.
#}
{% macro duckdb__create_table_as(temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none) -%}
    {%- if temporary or not in_lake(relation) -%}
        {{ return(dbt.duckdb__create_table_as(temporary, relation, compiled_code, language, partitioned_by, sorted_by)) }}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        {%- set compiled_code = get_select_subquery(compiled_code) -%}
    {%- endif -%}
    {%- if load_cached_relation(relation) is none -%}
        create table {{ relation }} as ({{ compiled_code }})
    {%- elif config.get('materialized') == 'table' and unchanged(relation, compiled_code) -%}
        select 1 as unchanged
    {%- else -%}
        delete from {{ relation }};
        insert into {{ relation }} by name ({{ compiled_code }})
    {%- endif -%}
{%- endmacro %}

{% macro unchanged(relation, sql) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='quoted') | join(', ') -%}
    {%- set old = 'select ' ~ columns ~ ' from ' ~ relation -%}
    {%- set new = 'select ' ~ columns ~ ' from (' ~ sql ~ ') as model' -%}
    {%- set difference = '((' ~ old ~ ') except all (' ~ new ~ ')) union all ((' ~ new ~ ') except all (' ~ old ~ '))' -%}
    {{ return(run_query('select count(*) from (' ~ difference ~ ') as differing').columns[0].values()[0] == 0) }}
{%- endmacro %}
