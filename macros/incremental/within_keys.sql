{#
  Rows of every date on which a playback or session (`kind` of int_player_key_date) has events that also has some on a touched
  date: enough to see each of them whole. Wider than `within`, which still has to say of which dates rows are returned.
#}
{% macro within_keys(column, kind, touched) -%}
    {%- if model.resource_type == 'unit_test' -%}{{ return('1 = 1') }}{%- endif -%}
    {%- set known = ref('int_player_key_date') -%}
    {%- if touched.dates is none -%}1 = 1
    {%- elif not introspects() or not touched.dates -%}{{ dates_in(column, touched.dates) }}
    {%- else -%}
        {%- set query -%}
            select distinct other.event_date
            from {{ known }} as seen
            inner join {{ known }} as other on seen.key_id = other.key_id
            where seen.kind = '{{ kind }}' and other.kind = '{{ kind }}' and {{ dates_in('seen.event_date', touched.dates) }}
        {%- endset -%}
        {{ dates_in(column, touched.dates + query_dates(query)) }}
    {%- endif -%}
{%- endmacro %}
