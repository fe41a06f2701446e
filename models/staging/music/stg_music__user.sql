with

source as (

    select * from {{ source('raw', 'users') }}

),

final as (

    select
        -- ids
        'music:' || user_id as account_id,
        -- strings
        case
            when user_age < 18 then '<18'
            when user_age <= 25 then '18-25'
            when user_age <= 35 then '26-35'
            when user_age <= 45 then '36-45'
            when user_age <= 60 then '46-60'
            when user_age > 60 then '60+'
        end as age_group,
        user_country as country,
        -- dates and timestamps
        {{ as_timestamp('created_at') }} as registered_at,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
