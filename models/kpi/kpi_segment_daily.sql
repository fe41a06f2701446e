{{ replaces('event_date', topic='rolling') }}

{%- set touched = touched_dates('rolling') %}

with

account_day as (

    select * from {{ ref('feature_churn_account_day') }} where {{ within('event_date', touched) }}

),

final as (

    select
        event_date,
        segment,
        activity_level,
        subscription_plan,
        cast(count(*) as bigint) as accounts,
        {{ count_if('recency_days = 0') }} as active_accounts,
        {{ count_if('recency_days between 7 and 13') }} as fading_accounts,
        {{ count_if('coalesce(recency_days, 90) >= 14') }} as dormant_accounts,
        {{ sum_of('plays') }} as plays,
        {{ sum_of('playing_ms') }} as playing_ms
    from account_day
    group by event_date, segment, activity_level, subscription_plan

)

select * from final
