{# Literal dates on which the playbacks that play on a touched date have started; a playback may last over several. #}
{% macro dates_of_starts(touched) -%}
    {%- if not introspects() or not touched.dates -%}{{ return(touched.dates) }}{%- endif -%}
    {%- set query -%}
        select distinct playback_date from {{ ref('int_player_stretch') }} where {{ within('event_date', touched) }}
    {%- endset -%}
    {{ return(query_dates(query) + touched.dates) }}
{%- endmacro %}
