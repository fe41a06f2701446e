{{ config(materialized='view') }}

{%- set half_hours_ms = 5000 * 3600000 %}

-- a view: how many weeks a title has been among the ten changes with every week before
with

content_day as (

    select event_date, media_kind, content_id, title, playing_ms
    from {{ ref('kpi_content_daily') }}
    where playing_ms > 0

),

calendar as (

    select event_date, week_start_date from {{ ref('dim_date') }}

),

content as (

    select content_id, duration_ms from {{ ref('dim_content') }} where duration_ms is not null

),

content_week as (

    select
        calendar.week_start_date,
        content_day.media_kind,
        content_day.content_id,
        max(content_day.title) as title,
        content.duration_ms,
        {{ sum_of('content_day.playing_ms') }} as playing_ms
    from content_day
    inner join calendar on content_day.event_date = calendar.event_date
    inner join content on content_day.content_id = content.content_id
    group by calendar.week_start_date, content_day.media_kind, content_day.content_id, content.duration_ms

),

viewed as (

    select
        *,
        {{ rates(['content_views']) }},
        {{ div_floor('playing_ms + ' ~ half_hours_ms, 2 * half_hours_ms) }} * 10000 as published_hours,
        {{ div_floor('2 * playing_ms + 100000 * duration_ms', '(200000 * duration_ms)') }} * 100000 as published_views
    from content_week

),

ranked as (

    select
        *,
        row_number() over (
            partition by week_start_date, media_kind
            order by content_views desc, playing_ms desc, title asc, content_id asc
        ) as place
    from viewed

),

final as (

    select
        week_start_date,
        media_kind,
        cast(place as bigint) as place,
        content_id,
        title,
        playing_ms,
        duration_ms as content_duration_ms,
        content_views,
        cast(published_hours as bigint) as published_hours,
        cast(published_views as bigint) as published_views,
        cast(row_number() over (partition by media_kind, content_id order by week_start_date) as bigint) as weeks_in_top
    from ranked
    where place <= {{ var('top_content_places') }}

)

select * from final
