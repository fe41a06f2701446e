{{ replaces('event_date', topic='activity') }}

{%- set touched = touched_dates('activity') %}
{%- set measured = {
    'playback': [
        'attempts', 'plays', 'valid_plays', 'complete_plays', 'skipped_plays', 'playing_ms', 'distinct_contents', 'distinct_devices',
        'technical_start_failures', 'business_start_failures', 'technical_playback_failures', 'exits_before_start', 'startup_ms',
        'startup_plays', 'watched_ms', 'stall_ms', 'ad_revenue_amount'
    ],
    'app_session': ['app_sessions', 'session_active_ms', 'crash_count'],
    'interaction': ['interactions', 'searches', 'net_likes'],
    'opportunity': ['ad_impressions', 'ad_clicks', 'ad_skips', 'ad_ms', 'impression_revenue_amount'],
} %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

app_session as (

    select * from {{ ref('fct_app_session') }} where {{ within('event_date', touched) }}

),

interaction as (

    select * from {{ ref('fct_interaction') }} where {{ within('event_date', touched) }}

),

-- money of another currency adds up to nothing
opportunity as (

    select
        event_date,
        account_id,
        is_impression,
        is_clicked,
        is_skipped,
        ad_ms,
        case when currency = '{{ var("currency") }}' then price_amount end as price_amount
    from {{ ref('fct_ad_impression') }}
    where {{ within('event_date', touched) }}

),

{% for relation, names in measured.items() %}
{{ relation }}_day as (

    select
        event_date,
        account_id,
        {{ measures(names) }}
    from {{ relation }}
    where account_id <> 'player:anonymous'
    group by event_date, account_id

),
{% endfor %}
account_day as (
    {% for relation in measured %}
    select event_date, account_id from {{ relation }}_day
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

-- the plan of the day's last playback that states one
plan as (

    select
        event_date,
        account_id,
        subscription_plan,
        row_number() over (partition by event_date, account_id order by started_at desc, playback_id desc) as place
    from playback
    where is_plan_stated

),

last_play as (

    select
        event_date,
        account_id,
        is_complete,
        row_number() over (partition by event_date, account_id order by started_at desc, playback_id desc) as place
    from playback
    where is_started

),

final as (

    select
        account_day.event_date,
        account_day.account_id,
        coalesce(plan.subscription_plan, 'unknown') as subscription_plan,
        last_play.is_complete as is_last_play_complete,
        {% for relation, names in measured.items() -%}
        {% for name in names -%}
        coalesce({{ relation }}_day.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        {% endfor -%}
        '{{ var("currency") }}' as currency
    from account_day
    {% for relation in measured -%}
    left join {{ relation }}_day
        on account_day.event_date = {{ relation }}_day.event_date
            and account_day.account_id = {{ relation }}_day.account_id
    {% endfor -%}
    left join plan
        on account_day.event_date = plan.event_date
            and account_day.account_id = plan.account_id
            and plan.place = 1
    left join last_play
        on account_day.event_date = last_play.event_date
            and account_day.account_id = last_play.account_id
            and last_play.place = 1

)

select * from final
