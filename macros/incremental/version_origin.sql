{# Origin of a raw row joined to its registered batch, under the bookkeeping names that keep_newest reads. #}
{% macro version_origin(relation) -%}
{{ relation }}.arrived_at as _arrived_at,
        {{ relation }}.batch_id as _batch_id,
        {{ relation }}.source_row as _source_row,
        batch.load_seq as _load_seq
{%- endmacro %}
