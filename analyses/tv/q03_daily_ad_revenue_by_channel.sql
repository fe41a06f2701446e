with

channel_day as (

    select * from {{ ref('kpi_channel_daily') }}

),

final as (

    select
        event_date,
        channel_id,
        channel_name,
        booked_ad_revenue_amount,
        currency
    from channel_day
    where booked_ad_revenue_amount is not null

)

select * from final
order by event_date, channel_id
