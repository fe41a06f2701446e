{#
  Rows of a relation with `event_date` and `playback_key`: all those of the playbacks that have an event on a touched date,
  whatever their own date, because a playback is made of all its events. The dates are literals, so that nothing else is read.
#}
{% macro events_of_playbacks(relation, touched) -%}
    {%- set index = ref('int_player_key_date') -%}
    {%- if touched.dates is none -%}
    select * from {{ relation }} where playback_key is not null
    {%- else -%}
    select whole.*
    from {{ relation }} as whole
    inner join ({{ touched_playbacks(touched) }}) as touched_playback on whole.playback_key = touched_playback.key_id
    where {{ dates_in('whole.event_date', dates_of_playbacks(touched)) }}
    {%- endif -%}
{%- endmacro %}
