with

known_account as (

    select * from {{ ref('feature_churn_account_day') }}

),

last_day as (

    select max(event_date) as event_date from known_account

),

final as (

    select
        known_account.account_id as user_id,
        known_account.subscription_plan as subscription_tier,
        known_account.segment as user_segment,
        known_account.activity_level,
        known_account.active_days_28 as active_days,
        known_account.engagement_score as avg_engagement_score,
        {{ ratio('known_account.playing_ms', '(known_account.active_days_28 * 60000)') }} as avg_watch_time_minutes,
        {{ add_days('known_account.event_date', '-known_account.recency_days') }} as last_active_date
    from known_account
    inner join last_day on known_account.event_date = last_day.event_date

)

select * from final
