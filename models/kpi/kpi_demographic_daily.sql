{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}
{%- set measures = [
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

cell as (

    select
        playback.event_date,
        playback.media_kind,
        coalesce(account.age_group, 'unknown') as age_group,
        coalesce(account.gender, 'unknown') as gender,
        playback.subscription_plan,
        {{ count_if('playback.is_started') }} as plays,
        {{ count_if('playback.is_started and playback.is_complete') }} as complete_plays,
        {{ count_if('playback.is_started and playback.is_live') }} as live_plays,
        cast(count(distinct case when playback.is_started then playback.account_id end) as bigint) as unique_accounts,
        {{ sum_of('playback.playing_ms') }} as playing_ms,
        {{ sum_of('case when playback.is_started then playback.reported_completion_rate end', 'decimal(18, 6)') }} as reported_completion_rate_sum,
        {{ count_if('playback.is_started and playback.reported_completion_rate is not null') }} as reported_completion_plays,
        {{ sum_of('playback.ad_revenue_amount', 'decimal(18, 4)') }} as ad_revenue_amount
    from playback
    left join account on playback.account_id = account.account_id
    group by
        playback.event_date,
        playback.media_kind,
        coalesce(account.age_group, 'unknown'),
        coalesce(account.gender, 'unknown'),
        playback.subscription_plan

),

-- a cell of a few people says something about each of them
suppressed as (

    select
        event_date,
        media_kind,
        age_group,
        gender,
        subscription_plan,
        unique_accounts < {{ var('small_cell_accounts') }} as is_suppressed,
        {% for measure in measures -%}
        case when unique_accounts >= {{ var('small_cell_accounts') }} then {{ measure }} end as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from cell

),

final as (

    select
        *,
        {{ ratio('complete_plays', 'plays') }} as completion_rate,
        {{ ratio('reported_completion_rate_sum', 'reported_completion_plays') }} as average_completion_rate,
        {{ ratio('playing_ms', 'plays') }} as average_playing_ms
    from suppressed

)

select * from final
