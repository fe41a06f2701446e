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
    {{ refuse_outdated(model) }}
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

{#
  One MERGE of some dates. bounds: their literals, by which Athena prunes; rows_of: the dates of `temp` to take, none for all.
  Trap: tombstones have their keys in columns of their own, null in new rows; with a mark in the condition instead, each new row
  would be compared with all old rows of its date before the mark rules it out.
#}
{% macro merge_rows(target, temp, keys, columns, dates, bounds, rows_of) %}
    {%- set chosen = temp if rows_of is none else '(select * from ' ~ temp ~ ' where ' ~ dates_in('event_date', rows_of) ~ ') as part' -%}
    merge into {{ target }} as t using (
        select {{ columns | join(', ') }}, {% for k in keys %}null as _old_{{ k }}{{ ', ' if not loop.last }}{% endfor %}
        from {{ chosen }} where {{ only_latest_build() }}
        union all
        select {{ (['null'] * (columns | length)) | join(', ') }}, {{ 'd' if dates is not none else keys | join(', ') }}
        from {% if dates is not none %}(values date '{{ bounds | join("', date '") }}') as v (d){% else %}(select distinct {{ keys | join(', ') }} from {{ chosen }}) as old_key{% endif %}
        where {{ only_latest_build() }}
    ) as s
    on {% for k in keys %}t.{{ k }} = s._old_{{ k }}{{ ' and ' if not loop.last }}{% endfor %}
    {%- if bounds is not none %} and {{ dates_in('t.event_date', bounds) }}{% endif %}
    when matched then delete
    when not matched and s._old_{{ keys[0] }} is null then insert ({{ columns | join(', ') }}) values ({% for c in columns %}s.{{ c }}{{ ', ' if not loop.last }}{% endfor %})
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
