with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started and is_live

),

account as (

    select * from {{ ref('dim_account') }}

),

age_group_total as (

    select
        coalesce(account.age_group, 'unknown') as age_group,
        {{ sum_of('playback.playing_ms') }} as live_playing_ms,
        count(*) as live_plays,
        count(distinct playback.account_id) as unique_accounts
    from playback
    left join account on playback.account_id = account.account_id
    group by coalesce(account.age_group, 'unknown')

),

final as (

    select
        row_number() over (
            order by
                case when age_group = 'unknown' then 1 else 0 end asc,
                live_playing_ms desc,
                live_plays desc,
                age_group asc
        ) as place,
        age_group,
        live_playing_ms,
        live_plays,
        unique_accounts
    from age_group_total

)

select * from final
order by place
