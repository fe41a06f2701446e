with

channel_day as (

    select * from {{ ref('kpi_channel_daily') }}

),

final as (

    select
        event_date,
        channel_id,
        channel_name,
        ad_revenue_amount as log_ad_revenue_amount,
        booked_ad_revenue_amount,
        booked_ad_revenue_amount - ad_revenue_amount as unexplained_ad_revenue_amount,
        currency
    from channel_day

)

select * from final
order by event_date, channel_id
