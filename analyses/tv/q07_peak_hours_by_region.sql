with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

region_hour as (

    select
        region,
        local_hour,
        count(*) as plays,
        count(distinct account_id) as unique_accounts
    from playback
    group by region, local_hour

),

final as (

    select
        region,
        row_number() over (partition by region order by plays desc, unique_accounts desc, local_hour asc) as place,
        local_hour,
        plays,
        unique_accounts
    from region_hour

)

select * from final
order by region, place
