with

account as (

    select * from {{ ref('dim_account') }} where source = 'tv' and is_known

),

final as (

    select
        {{ bare_id('account_id') }} as user_id,
        gender,
        age_group,
        region,
        subscription_plan as subscription_type
    from account

)

select * from final
