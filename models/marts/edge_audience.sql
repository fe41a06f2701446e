{{ replaces('event_date', topic='audience') }}

{%- set touched = touched_dates('audience') %}

with

playing as (

    select
        event_date,
        media_kind,
        channel_id,
        region,
        device_type,
        started_at,
        ended_at,
        {{ as_timestamp(add_days('event_date', 1)) }} as midnight_at
    from {{ ref('fct_playback_interval') }}
    where {{ within('event_date', touched, before=1) }}

),

-- cut at midnight, so that each day is swept from nought
piece as (

    select
        event_date, media_kind, channel_id, region, device_type, started_at,
        case when ended_at > midnight_at then midnight_at else ended_at end as ended_at
    from playing
    where started_at < midnight_at
    union all
    select
        {{ add_days('event_date', 1) }} as event_date,
        media_kind,
        channel_id,
        region,
        device_type,
        case when started_at > midnight_at then started_at else midnight_at end as started_at,
        ended_at
    from playing
    where ended_at > midnight_at

),

edge as (

    select event_date, media_kind, channel_id, region, device_type, started_at as instant_at, 1 as step from piece
    union all
    select event_date, media_kind, channel_id, region, device_type, ended_at as instant_at, -1 as step from piece

),

final as (

    select
        event_date,
        instant_at,
        media_kind,
        channel_id,
        region,
        device_type,
        cast(sum(step) as bigint) as net_starts
    from edge
    where {{ within('event_date', touched) }}
    group by event_date, instant_at, media_kind, channel_id, region, device_type
    having sum(step) <> 0

)

select * from final
