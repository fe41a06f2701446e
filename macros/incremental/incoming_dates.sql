{# Literal event dates of a window's batches, read from those batches alone: bounds what is read of the events already kept. #}
{% macro incoming_dates(relations, window) -%}
    {%- if model.resource_type == 'unit_test' -%}{{ return(none) }}{%- endif -%}
    {%- if not introspects() -%}{{ return(['2026-01-01']) }}{%- endif -%}
    {%- if window.to == window.from or not is_incremental() -%}{{ return([]) }}{%- endif -%}
    {%- set query -%}
        {% for input, relation in relations.items() %}
        select distinct event_date from {{ relation }}
        where {{ arrived_in('arrival_date', [input], window) }}
            and batch_id in (
                select batch_id from {{ ref('int_batch') }}
                where load_seq > {{ window.from }} and load_seq <= {{ window.to }}
            )
        {{ 'union all' if not loop.last }}
        {% endfor %}
    {%- endset -%}
    {{ return(query_dates(query)) }}
{%- endmacro %}
