{{ config(tags=['audit', 'tie']) }}

{%- set touched = touched_dates('playback', check=true) %}

with

fact as (

    select
        event_date,
        media_kind,
        count(*) as attempts,
        {{ count_if('is_started') }} as plays,
        {{ sum_of('playing_ms') }} as playing_ms
    from {{ ref('fct_playback') }}
    where {{ within('event_date', touched) }}
    group by event_date, media_kind

),

-- what no channel has shown is no business of the channels' table
broadcast as (

    select
        event_date,
        count(*) as attempts,
        {{ count_if('is_started') }} as plays,
        {{ sum_of('playing_ms') }} as playing_ms
    from {{ ref('fct_playback') }}
    where channel_id <> 'not_applicable' and {{ within('event_date', touched) }}
    group by event_date

),

content as (

    select event_date, media_kind, sum(attempts) as attempts, sum(plays) as plays, sum(playing_ms) as playing_ms
    from {{ ref('kpi_content_daily') }}
    where {{ within('event_date', touched) }}
    group by event_date, media_kind

),

device as (

    select event_date, media_kind, sum(attempts) as attempts, sum(plays) as plays, sum(playing_ms) as playing_ms
    from {{ ref('kpi_device_region_daily') }}
    where {{ within('event_date', touched) }}
    group by event_date, media_kind

),

channel as (

    select event_date, sum(attempts) as attempts, sum(plays) as plays, sum(playing_ms) as playing_ms
    from {{ ref('kpi_channel_daily') }}
    where {{ within('event_date', touched) }}
    group by event_date

),

hourly as (

    select event_date, media_kind, sum(plays) as plays
    from {{ ref('kpi_hourly') }}
    where clock = 'utc' and {{ within('event_date', touched) }}
    group by event_date, media_kind

)

select
    fact.event_date,
    fact.media_kind,
    fact.playing_ms,
    content.playing_ms as content_playing_ms,
    device.playing_ms as device_playing_ms
from fact
left join content on fact.event_date = content.event_date and fact.media_kind = content.media_kind
left join device on fact.event_date = device.event_date and fact.media_kind = device.media_kind
left join hourly on fact.event_date = hourly.event_date and fact.media_kind = hourly.media_kind
where
    fact.attempts <> coalesce(content.attempts, -1)
    or fact.plays <> coalesce(content.plays, -1)
    or fact.playing_ms <> coalesce(content.playing_ms, -1)
    or fact.attempts <> coalesce(device.attempts, -1)
    or fact.plays <> coalesce(device.plays, -1)
    or fact.playing_ms <> coalesce(device.playing_ms, -1)
    or fact.plays <> coalesce(hourly.plays, 0)
union all
select
    broadcast.event_date,
    'broadcast' as media_kind,
    broadcast.playing_ms,
    channel.playing_ms as content_playing_ms,
    channel.playing_ms as device_playing_ms
from broadcast
left join channel on broadcast.event_date = channel.event_date
where
    broadcast.attempts <> coalesce(channel.attempts, -1)
    or broadcast.plays <> coalesce(channel.plays, -1)
    or broadcast.playing_ms <> coalesce(channel.playing_ms, -1)
