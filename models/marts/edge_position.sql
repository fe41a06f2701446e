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

{{ seen_once('played', ['event_date', 'playback_id'], ['content_id']) }},

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
