{{ config(tags=['audit', 'tie']) }}

{%- set touched = touched_dates('playback', check=true) %}

-- a playback has played for as long as its intervals last, its position edges span as much content as they do, and of a
-- player at rate 1 that is the playing time itself (of a log it is cut at the content's length)
with

playback as (

    select
        event_date,
        playback_id,
        playing_ms,
        case when watched_ms is null then 0 else 1 end as is_of_player
    from {{ ref('fct_playback') }}
    where {{ within('event_date', touched) }}

),

interval_of as (

    select
        playback_date as event_date,
        playback_id,
        {{ epoch_us('ended_at') }} - {{ epoch_us('started_at') }} as playing_us,
        to_position_ms - from_position_ms as content_ms,
        case when playback_rate = 1 then 1 else 0 end as is_at_rate_1
    from {{ ref('fct_playback_interval') }}
    where {{ within('playback_date', touched) }}

),

fact as (

    select event_date, sum(playing_ms) as playing_ms from playback group by event_date

),

playing as (

    select
        interval_of.event_date,
        sum(interval_of.playing_us) as playing_us,
        sum(interval_of.content_ms) as content_ms,
        sum(
            abs(interval_of.playing_us - 1000 * interval_of.content_ms)
            * interval_of.is_at_rate_1
            * playback.is_of_player
        ) as apart_us
    from interval_of
    inner join playback
        on interval_of.event_date = playback.event_date and interval_of.playback_id = playback.playback_id
    group by interval_of.event_date

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
    playing.apart_us,
    edge.content_ms as edge_ms,
    edge.left_over
from fact
left join playing on fact.event_date = playing.event_date
left join edge on fact.event_date = edge.event_date
where
    coalesce(fact.playing_ms, 0) * 1000 <> coalesce(playing.playing_us, 0)
    or coalesce(playing.content_ms, 0) <> coalesce(edge.content_ms, 0)
    or coalesce(edge.left_over, 0) <> 0
    or playing.apart_us <> 0
