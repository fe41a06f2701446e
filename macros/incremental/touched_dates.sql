{#
  The model's window and the dates that its topic must recompute in it: {'from', 'to', 'dates'}; `dates` is none for a full
  build. Topics are written in int_touched_date, the one place that says what a change reaches.
#}
{% macro touched_dates(topic, check=false) %}
    {%- if model.resource_type == 'unit_test' -%}{{ return({'from': 0, 'to': 1000, 'dates': none}) }}{%- endif -%}
    {%- set log = ref('int_touched_date') -%}
    {%- set window = load_window(check) -%}
    {%- if check_all() or not (check or is_incremental()) -%}{%- do window.update({'dates': none}) -%}
    {%- elif not introspects() -%}{%- do window.update({'dates': ['2026-01-01', '2026-01-02']}) -%}
    {%- elif window.to == window.from -%}{%- do window.update({'dates': []}) -%}
    {%- else -%}
        {%- set query -%}
            select distinct event_date
            from {{ log }}
            where topic = '{{ topic }}' and load_seq > {{ window.from }} and load_seq <= {{ window.to }}
        {%- endset -%}
        {%- do window.update({'dates': query_dates(query)}) -%}
    {%- endif -%}
    {{ return(window) }}
{% endmacro %}
