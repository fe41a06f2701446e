{#
  The one line of configuration of an incremental model: the columns by which rows are replaced, and the topic whose touched
  dates it recomputes (none: the keys of the rows that the model returns are replaced).
#}
{% macro replaces(columns, topic=none) %}
    {%- set keys = [columns] if columns is string else columns -%}
    {%- set partition = partition_config('event_date') if 'event_date' in keys else {} -%}
    {%- do config(unique_key=keys, meta={'topic': topic}, **partition) -%}
{% endmacro %}
