{{ replaces('event_date', topic='rolling') }}

{%- set touched = touched_dates('rolling') %}
{%- set summed = ['attempts', 'plays', 'complete_plays', 'playing_ms', 'watched_ms', 'stall_ms', 'ad_revenue_amount'] %}
{%- set compared = ['unique_accounts', 'plays', 'playing_ms', 'revenue_amount'] %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched, before=7) }}

),

account_day as (

    select * from {{ ref('fct_account_day') }} where {{ within('event_date', touched, before=7) }}

),

known_account as (

    select * from {{ ref('feature_churn_account_day') }} where {{ within('event_date', touched) }}

),

opportunity as (

    select *
    from {{ ref('fct_ad_impression') }}
    where currency = '{{ var("currency") }}' and {{ within('event_date', touched, before=7) }}

),

watched as (

    select
        event_date,
        {{ measures(summed) }}
    from playback
    group by event_date

),

advertised as (

    select
        event_date,
        {{ measures(['impression_revenue_amount']) }}
    from opportunity
    group by event_date

),

active as (

    select
        event_date,
        {{ count_if('plays > 0') }} as unique_accounts,
        {{ sum_of('app_sessions') }} as app_sessions,
        {{ sum_of('interactions') }} as interactions
    from account_day
    group by event_date

),

rolling as (

    select
        event_date,
        {{ count_if('active_days_7 > 0') }} as unique_accounts_7,
        {{ count_if('active_days_28 > 0') }} as unique_accounts_28,
        {{ count_if('coalesce(recency_days, 90) >= 14') }} as dormant_accounts
    from known_account
    group by event_date

),

day as (

    select event_date from active
    union
    select event_date from watched

),

day_total as (

    select
        day.event_date,
        {% for name in ['unique_accounts', 'app_sessions', 'interactions'] -%}
        coalesce(active.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        {% for name in summed -%}
        coalesce(watched.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        coalesce(advertised.impression_revenue_amount, 0) as impression_revenue_amount,
        cast(
            coalesce(watched.ad_revenue_amount, 0) + coalesce(advertised.impression_revenue_amount, 0) as decimal(18, 6)
        ) as revenue_amount
    from day
    left join active on day.event_date = active.event_date
    left join watched on day.event_date = watched.event_date
    left join advertised on day.event_date = advertised.event_date

),

compared as (

    select
        {% for name in ['unique_accounts_7', 'unique_accounts_28', 'dormant_accounts'] -%}
        coalesce(rolling.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        {% for name in compared -%}
        week_before.{{ name }} as week_before_{{ name }},
        {% endfor -%}
        day_total.*,
        '{{ var("currency") }}' as currency
    from day_total
    left join rolling on day_total.event_date = rolling.event_date
    left join day_total as week_before on {{ add_days('day_total.event_date', -7) }} = week_before.event_date
    where {{ within('day_total.event_date', touched) }}

),

final as (

    select
        *,
        {{ rates([
            'completion_rate', 'stickiness_rate', 'average_playing_ms', 'rebuffer_rate', 'revenue_per_account_amount'
        ]) }}
    from compared

)

select * from final
