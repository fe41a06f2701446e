with

revenue_row as (

    select * from {{ ref('stg_tv__ad_revenue') }}

),

-- of the deliveries of one channel and day, the one that counts
winner as (

    select event_date, _batch_id, _source_row from {{ ref('fct_ad_revenue') }}

),

final as (

    select
        revenue_row.channel_id,
        revenue_row.channel_name,
        revenue_row.event_date as {{ reserved('date') }},
        cast(revenue_row.ad_revenue_amount as {{ double_type() }}) as ad_revenue
    from revenue_row
    inner join winner
        on revenue_row.event_date = winner.event_date
            and revenue_row.batch_id = winner._batch_id
            and revenue_row.source_row = winner._source_row

)

select * from final
