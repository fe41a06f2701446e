with

content_day as (

    select event_date, content_id, title, plays, playing_ms from {{ ref('kpi_content_daily') }}

),

calendar as (

    select event_date, week_start_date from {{ ref('dim_date') }}

),

content_week as (

    select
        calendar.week_start_date,
        content_day.content_id,
        max(content_day.title) as content_title,
        {{ sum_of('content_day.plays') }} as views,
        {{ sum_of('content_day.playing_ms') }} as playing_ms
    from content_day
    inner join calendar on content_day.event_date = calendar.event_date
    group by calendar.week_start_date, content_day.content_id

),

final as (

    select
        this_week.week_start_date,
        this_week.content_id,
        this_week.content_title,
        this_week.views,
        {{ ratio('this_week.playing_ms', 60000) }} as watch_time_minutes,
        coalesce(week_before.views, 0) as previous_week_views,
        {{ ratio('this_week.views', 'week_before.views') }} as views_to_previous_week
    from content_week as this_week
    left join content_week as week_before
        on this_week.content_id = week_before.content_id
            and {{ add_days('this_week.week_start_date', -7) }} = week_before.week_start_date

)

select * from final
