with

channel_day as (

    select * from {{ ref('kpi_channel_daily') }} where booked_ad_revenue_amount is not null

),

day_total as (

    select
        event_date,
        {{ ratio('sum(booked_ad_revenue_amount)', 'count(*)') }} as average_ad_revenue_amount
    from channel_day
    group by event_date

),

final as (

    select
        channel_day.event_date,
        channel_day.channel_id,
        channel_day.channel_name,
        channel_day.booked_ad_revenue_amount,
        day_total.average_ad_revenue_amount
    from channel_day
    inner join day_total on channel_day.event_date = day_total.event_date
    where channel_day.booked_ad_revenue_amount > day_total.average_ad_revenue_amount

)

select * from final
order by event_date asc, booked_ad_revenue_amount desc, channel_id asc
