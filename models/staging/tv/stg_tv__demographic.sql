with

source as (

    select * from {{ source('raw', 'demographics') }}

),

final as (

    select
        -- ids
        'tv:' || user_id as account_id,
        -- strings
        gender,
        age_group,
        region,
        subscription_type as subscription_plan,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
