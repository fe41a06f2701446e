with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

account as (

    select * from {{ ref('dim_account') }}

),

final as (

    select
        coalesce(account.gender, 'unknown') as gender,
        count(*) as plays,
        count(playback.reported_completion_rate) as reported_completion_plays,
        {{ ratio(
            sum_of('playback.reported_completion_rate', 'decimal(18, 6)'), 'count(playback.reported_completion_rate)'
        ) }}
            as average_completion_rate
    from playback
    left join account on playback.account_id = account.account_id
    group by coalesce(account.gender, 'unknown')

)

select * from final
order by gender
