with

known_account as (

    select * from {{ ref('feature_churn_account_day') }}

),

last_day as (

    select max(event_date) as event_date from known_account

),

judged as (

    select
        known_account.*,
        case when known_account.active_days_90 = 0 then 90 else known_account.recency_days end as idle_days
    from known_account
    inner join last_day on known_account.event_date = last_day.event_date

),

final as (

    select
        account_id as user_id,
        subscription_plan as subscription_tier,
        cast(idle_days as bigint) as days_since_last_active,
        active_days_28 as active_days,
        engagement_score as avg_engagement_score,
        {{ ratio('playing_ms', '(active_days_28 * 60000)') }} as avg_watch_time_minutes,
        case
            when idle_days >= 14 then 'High'
            when idle_days >= 7 or engagement_score < 3 then 'Medium'
            when active_days_28 <= 5 or playing_ms < active_days_28 * 600000 then 'Low'
            else 'Minimal'
        end as churn_risk_level,
        cast(case
            when idle_days >= 14 then 0.8
            when idle_days >= 7 then 0.6
            when engagement_score < 3 then 0.7
            when active_days_28 <= 5 then 0.5
            when playing_ms < active_days_28 * 600000 then 0.4
            else 0.1
        end as decimal(2, 1)) as churn_risk_score
    from judged

)

select * from final
