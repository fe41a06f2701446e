with

account_day as (

    select * from {{ ref('fct_account_day') }} where plays > 0

),

{{ recent('account_day', 90) }},

final as (

    select
        event_date as metric_date,
        cast(count(*) as bigint) as daily_active_users,
        {{ count_if("lower(subscription_plan) in ('premium', 'enterprise')") }} as premium_users,
        {{ count_if("lower(subscription_plan) = 'free'") }} as free_users,
        {{ ratio('sum(playing_ms)', 'count(*) * 60000') }} as avg_watch_time_minutes,
        {{ sum_of('app_sessions') }} as total_sessions,
        {{ ratio('sum(complete_plays)', 'sum(plays)') }} as avg_completion_rate,
        cast(sum(ad_revenue_amount + impression_revenue_amount) as decimal(18, 6)) as total_revenue
    from recent
    group by event_date

)

select * from final
