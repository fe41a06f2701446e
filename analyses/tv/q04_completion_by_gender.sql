with

playback as (

    select * from {{ ref('fct_playback') }} where source = 'tv' and is_started

),

account as (

    select * from {{ ref('dim_account') }}

),

viewed as (

    select
        playback.*,
        coalesce(account.gender, 'unknown') as gender
    from playback
    left join account on playback.account_id = account.account_id

),

gender_total as (

    select
        gender,
        {{ measures(['plays', 'reported_completion_rate_sum', 'reported_completion_plays']) }}
    from viewed
    group by gender

),

final as (

    select
        gender,
        plays,
        reported_completion_plays,
        {{ rates(['average_completion_rate']) }}
    from gender_total

)

select * from final
order by gender
