{# Origin of a row that stands for an id seen in events only: older than anything that arrives, so that any real row wins. #}
{% macro unarrived_origin() -%}
{{ as_timestamp("'1970-01-01 00:00:00'") }} as _arrived_at,
        '' as _batch_id,
        cast(0 as bigint) as _source_row
{%- endmacro %}
