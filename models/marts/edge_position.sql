{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

played as (

    select
        playback_date as event_date,
        playback_id,
        content_id,
        from_position_ms,
        to_position_ms
    from {{ ref('fct_playback_interval') }}
    where
        from_position_ms < to_position_ms
        and {{ within('playback_date', touched) }}
        and {{ within_keys('event_date', 'playback', touched) }}

),

-- each second of a playback once: what lies beyond all that the intervals before have reached
reached as (

    select
        *,
        max(to_position_ms) over (
            partition by event_date, playback_id
            order by from_position_ms, to_position_ms
            rows between unbounded preceding and 1 preceding
        ) as reached_ms
    from played

),

once as (

    select
        event_date,
        content_id,
        case when reached_ms > from_position_ms then reached_ms else from_position_ms end as from_position_ms,
        to_position_ms
    from reached
    where reached_ms is null or to_position_ms > reached_ms

),

edge as (

    select event_date, content_id, from_position_ms as position_ms, 1 as step_all, 0 as step_unique from played
    union all
    select event_date, content_id, to_position_ms as position_ms, -1 as step_all, 0 as step_unique from played
    union all
    select event_date, content_id, from_position_ms as position_ms, 0 as step_all, 1 as step_unique from once
    union all
    select event_date, content_id, to_position_ms as position_ms, 0 as step_all, -1 as step_unique from once

),

final as (

    select
        event_date,
        content_id,
        position_ms,
        cast(sum(step_all) as bigint) as delta_all,
        cast(sum(step_unique) as bigint) as delta_unique
    from edge
    group by event_date, content_id, position_ms
    having sum(step_all) <> 0 or sum(step_unique) <> 0

)

select * from final
