{#
  Why: replacing rows is DELETE and INSERT in one transaction where an engine has transactions over two statements, and one
  MERGE where it has none (Athena). dates: literal dates of the one key column; none: the keys of the new rows.
  Traps: Snowflake commits each statement unless told; Athena's old rows must match a tombstone, because MERGE there has no
  "not matched by source".
#}
{% macro replace_rows(target, temp, keys, columns, dates) -%}
    {{ return(adapter.dispatch('replace_rows', 'media_stream_analytics')(target, temp, keys, columns, dates)) }}
{%- endmacro %}

{% macro default__replace_rows(target, temp, keys, columns, dates) %}
    delete from {{ target }} where {{ stale_rows(target, temp, keys, dates) }};
    insert into {{ target }} ({{ columns | join(', ') }}) (select {{ columns | join(', ') }} from {{ temp }})
{% endmacro %}

{% macro redshift__replace_rows(target, temp, keys, columns, dates) %}
    {{ return(media_stream_analytics.default__replace_rows(target, temp, keys, columns, dates)) }}
{% endmacro %}

{% macro snowflake__replace_rows(target, temp, keys, columns, dates) %}
    {{ return(snowflake_dml_explicit_transaction(media_stream_analytics.default__replace_rows(target, temp, keys, columns, dates))) }}
{% endmacro %}

{% macro athena__replace_rows(target, temp, keys, columns, dates) %}
    merge into {{ target }} as t using (
        select {{ columns | join(', ') }}, 0 as _gone from {{ temp }}
        union all
        {% if dates is not none -%}
        select {% for c in columns %}{{ 'd' if c | replace('"', '') == keys[0] else 'null' }}, {% endfor %}1 as _gone
        from (values date '{{ dates | join("', date '") }}') as v (d)
        {%- else -%}
        select distinct {% for c in columns %}{{ c if c | replace('"', '') in keys else 'null' }}, {% endfor %}1 as _gone from {{ temp }}
        {%- endif %}
    ) as s
    on s._gone = 1 {% for k in keys %}and t.{{ k }} = s.{{ k }} {% endfor %}
    {%- if dates is not none %}and {{ dates_in('t.' ~ keys[0], dates) }}{% endif %}
    when matched then delete
    when not matched and s._gone = 0 then insert ({{ columns | join(', ') }}) values ({% for c in columns %}s.{{ c }}{{ ', ' if not loop.last }}{% endfor %})
{% endmacro %}

{% macro stale_rows(target, temp, keys, dates) -%}
    {%- if dates is not none -%}
        {{ dates_in(keys[0], dates) }}
    {%- else -%}
        {%- if 'event_date' in keys -%}
            {%- set dates = query_dates('select distinct event_date from ' ~ temp) if introspects() else ['2026-01-01'] -%}
            {{ dates_in(target ~ '.event_date', dates) }} and{{ ' ' }}
        {%- endif -%}
        exists (select 1 from {{ temp }} as new_row where {% for k in keys %}new_row.{{ k }} = {{ target }}.{{ k }}{{ ' and ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}
