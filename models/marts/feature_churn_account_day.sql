{{ replaces('event_date', topic='rolling') }}

{%- set touched = touched_dates('rolling') %}
{%- set sums = [
    'attempts', 'plays', 'complete_plays', 'skipped_plays', 'playing_ms', 'interactions', 'searches', 'net_likes', 'app_sessions',
    'crash_count', 'ad_impressions', 'ad_skips', 'ad_ms', 'technical_start_failures', 'technical_playback_failures',
    'exits_before_start', 'startup_ms', 'startup_plays', 'watched_ms', 'stall_ms'
] %}

with

account_day as (

    select * from {{ ref('fct_account_day') }} where {{ within('event_date', touched, before=89) }}

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
        {{ dbt.datediff('account_day.event_date', 'as_of.event_date', 'day') }} as age_days -- noqa: LT05
    from as_of
    inner join account_day
        on as_of.event_date >= account_day.event_date
            and {{ add_days('as_of.event_date', -89) }} <= account_day.event_date
    inner join calendar on account_day.event_date = calendar.event_date

),

planned as (

    select
        *,
        min(case when subscription_plan <> 'unknown' then age_days end) over (
            partition by as_of_date, account_id
        ) as plan_age_days
    from seen

),

summed as (

    select
        as_of_date as event_date,
        account_id,
        coalesce(max(case when age_days = plan_age_days then subscription_plan end), 'unknown') as subscription_plan,
        cast(min(case when plays > 0 then age_days end) as bigint) as recency_days,
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

scored as (

    select
        *,
        3 * (attempts + interactions) + 7 * distinct_content_days as score_dividend,
        10 * active_days_28 as score_divisor
    from summed

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
        scored.recency_days,
        scored.active_days_7,
        scored.active_days_28,
        scored.active_days_90,
        scored.playing_ms_7,
        {% for name in sums + ['distinct_content_days', 'weekend_plays', 'search_only_days', 'most_devices'] -%}
        scored.{{ name }},
        {% endfor -%}
        {{ rates([
            'completion_rate', 'average_playing_ms', 'playing_trend', 'weekend_rate', 'engagement_score', 'average_startup_ms',
            'rebuffer_rate', 'exit_before_start_rate'
        ], 'scored') }}
    from scored
    left join placed on scored.event_date = placed.event_date and scored.account_id = placed.account_id
    left join segment on placed.place = segment.place

)

select * from final
