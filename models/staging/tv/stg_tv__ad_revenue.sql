with

source as (

    select * from {{ source('raw', 'ad_revenue') }}

),

final as (

    select
        -- ids
        channel_id,
        -- strings
        channel_name,
        '{{ var("currency") }}' as currency,
        -- numerics
        ad_revenue as ad_revenue_amount,
        -- dates and timestamps
        revenue_date as event_date,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
