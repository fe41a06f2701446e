{%- set days = 7 %}
{%- set places = 5 %}
with

channel_day as (

    select * from {{ ref('kpi_channel_daily') }}

),

-- not the wall clock: yesterday's file answers the same tomorrow
latest_day as (

    select max(event_date) as event_date from channel_day

),

channel_total as (

    select
        channel_day.channel_id,
        channel_day.channel_name,
        sum(channel_day.booked_ad_revenue_amount) as booked_ad_revenue_amount,
        sum(channel_day.ad_revenue_amount) as log_ad_revenue_amount
    from channel_day
    cross join latest_day
    where channel_day.event_date > {{ add_days('latest_day.event_date', -days) }}
    group by channel_day.channel_id, channel_day.channel_name

),

ranked as (

    select
        channel_total.*,
        row_number() over (
            order by
                coalesce(channel_total.booked_ad_revenue_amount, -1) desc,
                channel_total.log_ad_revenue_amount desc,
                channel_total.channel_id asc
        ) as place
    from channel_total

),

final as (

    select
        place,
        channel_id,
        channel_name,
        cast(booked_ad_revenue_amount as decimal(18, 4)) as booked_ad_revenue_amount,
        cast(log_ad_revenue_amount as decimal(18, 4)) as log_ad_revenue_amount
    from ranked
    where place <= {{ places }}

)

select * from final
order by place
