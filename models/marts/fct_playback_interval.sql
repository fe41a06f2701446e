{{ replaces(['event_date'], topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

stretch as (

    select * from {{ ref('int_player_stretch') }} where playing_ms > 0 and {{ within('event_date', touched) }}

),

playback as (

    select * from {{ ref('fct_playback') }} where {{ within_keys('event_date', 'playback', touched) }}

),

timed as (

    select *, {{ as_timestamp(add_ms('playing_at', 'playing_ms')) }} as ended_at from stretch

),

-- stretches that go on where the one before has ended are one interval
followed as (

    select
        *,
        lag(ended_at) over (partition by playback_id, event_date order by step_number) as ended_before_at,
        lag(to_position_ms) over (partition by playback_id, event_date order by step_number) as position_before_ms,
        lag(playback_rate) over (partition by playback_id, event_date order by step_number) as rate_before
    from timed

),

parted as (

    select
        *,
        sum(
            case
                when
                    ended_before_at = playing_at
                    and rate_before = playback_rate
                    and (
                        position_before_ms = from_position_ms
                        or coalesce(position_before_ms, from_position_ms) is null
                    )
                    then 0
                else 1
            end
        ) over (
            partition by playback_id, event_date
            order by step_number rows between unbounded preceding and current row
        ) as part
    from followed

),

measured as (

    select
        event_date,
        playback_id,
        min(playback_date) as playback_date,
        min(playing_at) as started_at,
        max(ended_at) as ended_at,
        min(from_position_ms) as from_position_ms,
        max(to_position_ms) as to_position_ms,
        min(playback_rate) as playback_rate
    from parted
    group by event_date, playback_id, part

),

-- a log knows no more than the start and the length
stated as (

    select
        event_date,
        playback_id,
        event_date as playback_date,
        started_at,
        ended_at,
        cast(0 as bigint) as from_position_ms,
        content_watched_ms as to_position_ms,
        cast(1 as decimal(9, 4)) as playback_rate
    from playback
    where watched_ms is null and playing_ms > 0 and {{ within('event_date', touched) }}

),

piece as (

    select * from measured
    union all
    select * from stated

),

final as (

    select
        piece.playback_id,
        playback.account_id,
        playback.content_id,
        playback.channel_id,
        playback.media_kind,
        playback.region,
        playback.device_type,
        piece.from_position_ms,
        piece.to_position_ms,
        piece.playback_rate,
        piece.event_date,
        piece.playback_date,
        piece.started_at,
        piece.ended_at
    from piece
    inner join playback on piece.playback_id = playback.playback_id and piece.playback_date = playback.event_date

)

select * from final
