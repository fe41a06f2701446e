{{ replaces('event_date', topic='rolling') }}

{%- set touched = touched_dates('rolling') %}
{%- set sums = [
    'attempts', 'plays', 'complete_plays', 'skipped_plays', 'playing_ms', 'interactions', 'searches', 'net_likes', 'app_sessions',
    'crash_count', 'ad_impressions', 'ad_skips', 'ad_ms', 'technical_start_failures', 'business_start_failures',
    'technical_playback_failures', 'exits_before_start', 'startup_ms', 'startup_plays', 'watched_ms', 'stall_ms'
] %}
{%- set varieties = {'contents': 'content_id', 'genres': 'genre', 'devices': 'device_type'} %}
{%- set ratios = [
    'completion_rate', 'average_playing_ms', 'playing_trend', 'weekend_rate', 'engagement_score', 'average_startup_ms',
    'rebuffer_rate', 'exit_before_start_rate', 'start_failure_rate', 'playback_failure_rate', 'skip_rate',
    'ad_seconds_per_hour', 'active_day_rate', 'plays_per_active_day'
] %}
{%- set counts = ['distinct_content_days', 'weekend_plays', 'search_only_days', 'most_devices'] %}

with

account_day as (

    select * from {{ ref('fct_account_day') }} where {{ within('event_date', touched, before=89) }}

),

playback as (

    select event_date, account_id, content_id, genre, device_type, is_started
    from {{ ref('fct_playback') }}
    where account_id <> 'player:anonymous' and {{ within('event_date', touched, before=27) }}

),

account as (

    select account_id, cast(registered_at as date) as registered_date from {{ ref('dim_account') }}

),

price as (

    select * from {{ ref('plan_prices') }}

),

calendar as (

    select event_date, is_weekend from {{ ref('dim_date') }}

),

segment as (

    select * from {{ ref('account_segments') }}

),

-- each day on which anybody did anything
as_of as (

    select distinct event_date from account_day where {{ within('event_date', touched) }}

),

-- what was known at the end of the day: nothing later is joined
seen as (

    select
        as_of.event_date as as_of_date,
        account_day.*,
        calendar.is_weekend,
        price.monthly_price_amount,
        {{ dbt.datediff('account_day.event_date', 'as_of.event_date', 'day') }} as age_days -- noqa: LT05
    from as_of
    inner join account_day
        on as_of.event_date >= account_day.event_date
            and {{ add_days('as_of.event_date', -89) }} <= account_day.event_date
    inner join calendar on account_day.event_date = calendar.event_date
    left join price on lower(account_day.subscription_plan) = price.subscription_plan

),

planned as (

    select
        *,
        min(case when subscription_plan <> 'unknown' then age_days end) over (
            partition by as_of_date, account_id
        ) as plan_age_days,
        min(case when plays > 0 then age_days end) over (partition by as_of_date, account_id) as play_age_days
    from seen

),

summed as (

    select
        as_of_date as event_date,
        account_id,
        coalesce(max(case when age_days = plan_age_days then subscription_plan end), 'unknown') as subscription_plan,
        max(case when age_days < 28 then monthly_price_amount end) as highest_price_amount,
        max(case when age_days = play_age_days then case when is_last_play_complete then 1 else 0 end end)
            as last_play_complete,
        cast(max(play_age_days) as bigint) as recency_days,
        cast(max(age_days) as bigint) as known_days,
        {% for days in [7, 28, 90] -%}
        {{ count_if('plays > 0 and age_days < ' ~ days) }} as active_days_{{ days }},
        {% endfor -%}
        {{ sum_of('case when age_days < 7 then playing_ms end') }} as playing_ms_7,
        {% for name in sums -%}
        {{ sum_of('case when age_days < 28 then ' ~ name ~ ' end') }} as {{ name }},
        {% endfor -%}
        {{ sum_of('case when age_days < 28 then distinct_contents end') }} as distinct_content_days,
        {{ sum_of('case when age_days < 28 and is_weekend then plays end') }} as weekend_plays,
        {{ count_if('searches > 0 and plays = 0 and age_days < 28') }} as search_only_days,
        cast(max(case when age_days < 28 then distinct_devices else 0 end) as bigint) as most_devices
    from planned
    group by as_of_date, account_id

),

sighting as (
    {% for kind, column in varieties.items() %}
    select distinct '{{ kind }}' as kind, account_id, event_date, {{ column }} as value
    from playback
    where {{ column }} is not null{{ ' and is_started' if kind != 'devices' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

sequenced as (

    select
        *,
        lead(event_date) over (partition by kind, account_id, value order by event_date) as next_date
    from sighting

),

-- what is seen again counts from there on, so that each is counted once on each of the 28 days that know of it
variety as (

    select
        sequenced.account_id,
        {% for kind in varieties -%}
        {{ count_if("sequenced.kind = '" ~ kind ~ "'") }} as distinct_{{ kind }},
        {% endfor -%}
        {{ add_days('sequenced.event_date', 'number.n') }} as event_date
    from sequenced
    inner join {{ numbers(28) }} as number
        on number.n < coalesce({{ dbt.datediff('sequenced.event_date', 'sequenced.next_date', 'day') }}, 28)
    group by sequenced.account_id, {{ add_days('sequenced.event_date', 'number.n') }}

),

divided as (

    select
        *,
        3 * (attempts + interactions) + 7 * distinct_content_days as score_dividend,
        10 * active_days_28 as score_divisor
    from summed

),

scored as (

    select
        *,
        {{ rates(ratios) }}
    from divided

),

-- in whole numbers, so that no rounding moves anybody over a bound
placed as (

    select
        scored.event_date,
        scored.account_id,
        min(segment.place) as place
    from scored
    inner join segment
        on scored.score_dividend >= segment.engagement_score_from * scored.score_divisor
            and scored.playing_ms >= segment.playing_minutes_from * 60000 * scored.active_days_28
    where scored.active_days_28 > 0
    group by scored.event_date, scored.account_id

),

final as (

    select
        scored.event_date,
        scored.account_id,
        scored.subscription_plan,
        coalesce(segment.segment, 'inactive') as segment,
        case
            when scored.active_days_28 = 0 then 'none'
            when scored.active_days_28 <= 3 then 'low'
            when scored.active_days_28 <= 10 then 'medium'
            else 'high'
        end as activity_level,
        price.monthly_price_amount,
        price.currency,
        cast({{ dbt.datediff('account.registered_date', 'scored.event_date', 'day') }} as bigint) as tenure_days, -- noqa: LT05
        scored.known_days,
        scored.recency_days,
        scored.active_days_7,
        scored.active_days_28,
        scored.active_days_90,
        scored.playing_ms_7,
        {% for name in sums + counts + ratios -%}
        scored.{{ name }},
        {% endfor -%}
        {% for kind in varieties -%}
        coalesce(variety.distinct_{{ kind }}, 0) as distinct_{{ kind }},
        {% endfor -%}
        coalesce(price.monthly_price_amount < scored.highest_price_amount, false) as is_downgraded,
        scored.last_play_complete = 1 as is_last_play_complete
    from scored
    left join placed on scored.event_date = placed.event_date and scored.account_id = placed.account_id
    left join segment on placed.place = segment.place
    left join variety on scored.event_date = variety.event_date and scored.account_id = variety.account_id
    left join account on scored.account_id = account.account_id and scored.event_date >= account.registered_date
    left join price on lower(scored.subscription_plan) = price.subscription_plan

)

select * from final
