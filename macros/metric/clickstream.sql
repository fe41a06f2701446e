{#
  CTEs `event` and `named`: the video and user events of players with the names of the first of the five shapes in which the
  earlier clickstream system wrote its events, and with their second since 1970.
#}
{% macro clickstream() -%}
event as (

    select * from {{ ref('int_player_event') }} where event_family in ('video', 'user')

),

named as (

    select
        *,
        case event_type
            when 'video_play' then 'PLAY_START'
            when 'video_stop' then 'PLAY_STOP'
            else upper(substring(event_type, position('_' in event_type) + 1))
        end as published_type,
        {{ div_floor(epoch_us('event_at'), 1000000) }} as epoch_second
    from event

)
{%- endmacro %}
