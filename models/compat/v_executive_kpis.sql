with

executive as (

    select * from {{ ref('kpi_executive_daily') }}

),

last_day as (

    select max(event_date) as event_date from executive

),

final as (

    select
        executive.event_date as metric_date,
        executive.unique_accounts as daily_active_users,
        executive.week_before_unique_accounts as daily_active_users_last_week,
        executive.plays as total_views,
        executive.week_before_plays as total_views_last_week,
        {{ ratio('executive.playing_ms', 3600000) }} as watch_hours,
        {{ ratio('executive.week_before_playing_ms', 3600000) }} as watch_hours_last_week,
        executive.completion_rate,
        executive.revenue_amount as revenue,
        executive.week_before_revenue_amount as revenue_last_week
    from executive
    inner join last_day on executive.event_date = last_day.event_date

)

select * from final
