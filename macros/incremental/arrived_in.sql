{# Literal arrival dates of the batches of a window, for the inputs given: only these folders of the raw zone are read. #}
{% macro arrived_in(column, inputs, window) -%}
    {%- if model.resource_type == 'unit_test' -%}{{ return('1 = 1') }}{%- endif -%}
    {%- if not introspects() -%}{{ return(dates_in(column, ['2026-01-01'])) }}{%- endif -%}
    {%- if window.to == window.from -%}{{ return('1 = 0') }}{%- endif -%}
    {%- set query -%}
        select distinct cast(arrived_at as date) as arrival_date
        from {{ ref('int_batch') }}
        where input in ('{{ inputs | join("', '") }}') and load_seq > {{ window.from }} and load_seq <= {{ window.to }}
    {%- endset -%}
    {{ return(dates_in(column, query_dates(query))) }}
{%- endmacro %}
