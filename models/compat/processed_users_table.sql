with

account as (

    select * from {{ ref('dim_account') }} where source = 'music' and is_known

),

final as (

    select
        {{ bare_id('account_id') }} as user_id,
        registered_at as created_at
    from account

)

select * from final
