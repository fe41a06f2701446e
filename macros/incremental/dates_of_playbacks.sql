{# Literal dates on which the touched playbacks have events; none for all. #}
{% macro dates_of_playbacks(touched) -%}
    {%- if touched.dates is none -%}{{ return(none) }}{%- endif -%}
    {%- if not introspects() -%}{{ return(touched.dates) }}{%- endif -%}
    {%- if not touched.dates -%}{{ return([]) }}{%- endif -%}
    {%- set query -%}
        select distinct known.event_date
        from {{ ref('int_player_key_date') }} as known
        inner join ({{ touched_playbacks(touched) }}) as touched_playback on known.key_id = touched_playback.key_id
        where known.kind = 'playback'
    {%- endset -%}
    {{ return(query_dates(query)) }}
{%- endmacro %}
