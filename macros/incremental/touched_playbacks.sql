{# Keys of the playbacks of a player that have an event on a touched date. #}
{% macro touched_playbacks(touched) -%}
    select distinct key_id from {{ ref('int_player_key_date') }} where kind = 'playback' and {{ within('event_date', touched) }}
{%- endmacro %}
