{# Where a raw row came from: what the precedence of versions is decided by. #}
{% macro origin_columns() -%}
batch_id,
        {{ as_timestamp('arrived_at') }} as arrived_at,
        source_row,
        arrival_date
{%- endmacro %}
