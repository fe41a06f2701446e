{{ config(tags=['audit', 'tie']) }}

{%- set touched = touched_dates('playback', check=true) %}

-- a playback has played for as long as its intervals last, and its position edges span as much content as they do
with

fact as (

    select event_date, sum(playing_ms) as playing_ms
    from {{ ref('fct_playback') }}
    where {{ within('event_date', touched) }}
    group by event_date

),

playing as (

    select
        playback_date as event_date,
        sum({{ epoch_us('ended_at') }} - {{ epoch_us('started_at') }}) as playing_us,
        sum(to_position_ms - from_position_ms) as content_ms
    from {{ ref('fct_playback_interval') }}
    where {{ within('playback_date', touched) }}
    group by playback_date

),

edge as (

    select event_date, sum(-delta_all * position_ms) as content_ms, sum(delta_all) as left_over
    from {{ ref('edge_position') }}
    where {{ within('event_date', touched) }}
    group by event_date

)

select
    fact.event_date,
    fact.playing_ms,
    playing.playing_us,
    playing.content_ms,
    edge.content_ms as edge_ms,
    edge.left_over
from fact
left join playing on fact.event_date = playing.event_date
left join edge on fact.event_date = edge.event_date
where
    coalesce(fact.playing_ms, 0) * 1000 <> coalesce(playing.playing_us, 0)
    or coalesce(playing.content_ms, 0) <> coalesce(edge.content_ms, 0)
    or coalesce(edge.left_over, 0) <> 0
