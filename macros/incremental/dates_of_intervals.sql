{# Literal dates on which the playbacks that have started on a touched date play. #}
{% macro dates_of_intervals(touched) -%}
    {%- if not introspects() or not touched.dates -%}{{ return(touched.dates) }}{%- endif -%}
    {%- set query -%}
        select distinct event_date from {{ ref('fct_playback_interval') }} where {{ within('playback_date', touched) }}
    {%- endset -%}
    {{ return(query_dates(query)) }}
{%- endmacro %}
