{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}
{%- set smallest_cell = var('small_cell_accounts') %}
{%- set measure_names = [
    'plays', 'complete_plays', 'live_plays', 'unique_accounts', 'playing_ms', 'reported_completion_rate_sum',
    'reported_completion_plays', 'ad_revenue_amount'
] %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

account as (

    select account_id, age_group, gender from {{ ref('dim_account') }}

),

described as (

    select
        playback.*,
        coalesce(account.age_group, 'unknown') as age_group,
        coalesce(account.gender, 'unknown') as gender
    from playback
    left join account on playback.account_id = account.account_id

),

cell as (

    select
        event_date,
        media_kind,
        age_group,
        gender,
        subscription_plan,
        {{ measures(measure_names) }}
    from described
    group by event_date, media_kind, age_group, gender, subscription_plan

),

-- a cell of a few people says something about each of them
suppressed as (

    select
        event_date,
        media_kind,
        age_group,
        gender,
        subscription_plan,
        '{{ var("currency") }}' as currency,
        {% for measure in measure_names %}
        case when unique_accounts >= {{ smallest_cell }} then {{ measure }} end as {{ measure }},
        {% endfor %}
        unique_accounts < {{ smallest_cell }} as is_suppressed
    from cell

),

final as (

    select
        *,
        {{ rates(['completion_rate', 'average_completion_rate', 'average_playing_ms']) }}
    from suppressed

)

select * from final
