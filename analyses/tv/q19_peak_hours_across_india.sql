with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started and country = 'India'

),

hour_total as (

    select
        local_hour,
        count(*) as plays,
        count(distinct account_id) as unique_accounts,
        {{ sum_of('playing_ms') }} as playing_ms
    from playback
    group by local_hour

),

final as (

    select
        row_number() over (order by plays desc, unique_accounts desc, local_hour asc) as place,
        local_hour,
        plays,
        unique_accounts,
        playing_ms
    from hour_total

)

select * from final
order by place
