{#
  Why: replacing rows is DELETE and INSERT in one transaction where an engine has transactions over two statements, and one
  MERGE where it has none (Athena). dates: literal dates of the one key column; none: the keys of the new rows.
  Traps: Snowflake commits each statement unless told; Athena's old rows must match a tombstone, because MERGE there has no
  "not matched by source", and it writes at most a hundred partitions (months): more come in several statements, each of which
  replaces its dates whole, and progress is recorded after the last.
#}
{% macro replace_rows(target, temp, keys, columns, dates) -%}
    {{ return(adapter.dispatch('replace_rows', 'media_stream_analytics')(target, temp, keys, columns, dates)) }}
{%- endmacro %}

{% macro default__replace_rows(target, temp, keys, columns, dates) %}
    delete from {{ target }} where {{ stale_rows(target, temp, keys, dates) }};
    insert into {{ target }} ({{ columns | join(', ') }}) (select {{ columns | join(', ') }} from {{ temp }})
{% endmacro %}

{# The transaction that dbt has begun has read already, so its snapshot may be older than the lock: a new one, which begins with it. #}
{% macro redshift__replace_rows(target, temp, keys, columns, dates) %}
    commit;
    begin;
    lock table {{ target }};
    {{ media_stream_analytics.default__replace_rows(target, temp, keys, columns, dates) }}
{% endmacro %}

{# Two builds at once: the second waits for the first one's lock, and then stops, because what it has computed is outdated. #}
{% macro snowflake__replace_rows(target, temp, keys, columns, dates) %}
    begin;
    {{ lock_progress(model) }}
    {{ media_stream_analytics.default__replace_rows(target, temp, keys, columns, dates) }};
    commit;
{% endmacro %}

{% macro athena__replace_rows(target, temp, keys, columns, dates) %}
    {%- set bounds = dates if dates is not none else (dates_of(temp) if 'event_date' in keys else none) -%}
    {%- if bounds is none -%}{{ return(merge_rows(target, temp, keys, columns, dates, none, none)) }}{%- endif -%}
    {%- if not bounds -%}{{ return('select 1 as nothing_new') }}{%- endif -%}
    {%- set parts = by_hundred_months(bounds) -%}
    {%- set rows_of = parts if parts | length > 1 else [none] -%}
    {%- for part in parts[:-1] -%}{%- do run_query(merge_rows(target, temp, keys, columns, dates, part, part)) -%}{%- endfor -%}
    {{ return(merge_rows(target, temp, keys, columns, dates, parts[-1], rows_of[-1])) }}
{% endmacro %}

{# One MERGE of some dates. bounds: their literals, by which Athena prunes; rows_of: the dates of `temp` to take, none for all. #}
{% macro merge_rows(target, temp, keys, columns, dates, bounds, rows_of) %}
    {%- set chosen = temp if rows_of is none else '(select * from ' ~ temp ~ ' where ' ~ dates_in('event_date', rows_of) ~ ') as part' -%}
    merge into {{ target }} as t using (
        select {{ columns | join(', ') }}, 0 as _gone from {{ chosen }} where {{ only_latest_build() }}
        union all
        {% if dates is not none -%}
        select {% for c in columns %}{{ 'd' if c | replace('"', '') == keys[0] else 'null' }}, {% endfor %}1 as _gone
        from (values date '{{ bounds | join("', date '") }}') as v (d) where {{ only_latest_build() }}
        {%- else -%}
        select distinct {% for c in columns %}{{ c if c | replace('"', '') in keys else 'null' }}, {% endfor %}1 as _gone from {{ chosen }} where {{ only_latest_build() }}
        {%- endif %}
    ) as s
    on s._gone = 1 {% for k in keys %}and t.{{ k }} = s.{{ k }} {% endfor %}
    {%- if bounds is not none %}and {{ dates_in('t.event_date', bounds) }}{% endif %}
    when matched then delete
    when not matched and s._gone = 0 then insert ({{ columns | join(', ') }}) values ({% for c in columns %}s.{{ c }}{{ ', ' if not loop.last }}{% endfor %})
{% endmacro %}

{# The dates in lists of at most a hundred months each: so many partitions one statement of Athena may write. #}
{% macro by_hundred_months(dates) %}
    {%- set parts = {} -%}
    {%- set months = [] -%}
    {%- for day in dates | sort -%}
        {%- if day[:7] not in months[-1:] -%}{%- do months.append(day[:7]) -%}{%- endif -%}
        {%- do parts.setdefault((months | length - 1) // 100, []).append(day) -%}
    {%- endfor -%}
    {{ return(parts.values() | list) }}
{% endmacro %}

{% macro stale_rows(target, temp, keys, dates) -%}
    {%- if dates is not none -%}
        {{ dates_in(keys[0], dates) }}
    {%- else -%}
        {%- if 'event_date' in keys -%}
            {{ dates_in(target ~ '.event_date', dates_of(temp)) }} and{{ ' ' }}
        {%- endif -%}
        exists (select 1 from {{ temp }} as new_row where {% for k in keys %}new_row.{{ k }} = {{ target }}.{{ k }}{{ ' and ' if not loop.last }}{% endfor %})
    {%- endif -%}
{%- endmacro %}

{% macro dates_of(temp) -%}
    {{ return(query_dates('select distinct event_date from ' ~ temp) if introspects() else ['2026-01-01']) }}
{%- endmacro %}
