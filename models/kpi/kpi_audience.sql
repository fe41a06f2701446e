{{ replaces('event_date', topic='rolling') }}

{%- set touched = touched_dates('rolling') %}
{%- set groups = {'all': "'all'", 'media_kind': 'media_kind', 'channel': 'channel_id'} %}

with

playback as (

    select event_date, account_id, media_kind, channel_id, playing_ms
    from {{ ref('fct_playback') }}
    where is_started and {{ within('event_date', touched, before=27) }}

),

grouped as (
    {% for kind, value in groups.items() %}
    select event_date, account_id, '{{ kind }}' as group_kind, {{ value }} as group_value, playing_ms
    from playback
    {{ "where channel_id <> 'not_applicable'" if kind == 'channel' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- nobody who did not sign in is an account; what they play counts all the same
account_day as (

    select
        event_date,
        group_kind,
        group_value,
        case when account_id <> 'player:anonymous' then account_id end as account_id,
        cast(count(*) as bigint) as plays,
        {{ sum_of('playing_ms') }} as playing_ms
    from grouped
    group by event_date, group_kind, group_value, account_id

),

group_day as (

    select
        event_date,
        group_kind,
        group_value,
        {{ sum_of('plays') }} as plays,
        {{ sum_of('playing_ms') }} as playing_ms
    from account_day
    where {{ within('event_date', touched) }}
    group by event_date, group_kind, group_value

),

seen as (

    select
        group_day.event_date,
        account_day.group_kind,
        account_day.group_value,
        account_day.account_id,
        min({{ dbt.datediff('account_day.event_date', 'group_day.event_date', 'day') }}) as age_days,
        min(case
            when account_day.playing_ms >= {{ var('reach_minimum_ms') }}
                then {{ dbt.datediff('account_day.event_date', 'group_day.event_date', 'day') }}
        end) as reach_age_days,
        {{ count_if('account_day.playing_ms >= ' ~ var('reach_minimum_ms')) }} as reached_days
    from group_day
    inner join account_day
        on group_day.group_kind = account_day.group_kind
            and group_day.group_value = account_day.group_value
            and group_day.event_date >= account_day.event_date
            and {{ add_days('group_day.event_date', -27) }} <= account_day.event_date
    where account_day.account_id is not null
    group by group_day.event_date, account_day.group_kind, account_day.group_value, account_day.account_id

),

audience as (

    select
        event_date,
        group_kind,
        group_value,
        {{ count_if('age_days = 0') }} as unique_accounts,
        {{ count_if('age_days < 7') }} as unique_accounts_7,
        cast(count(*) as bigint) as unique_accounts_28,
        {{ count_if('reach_age_days = 0') }} as reached_accounts,
        {{ count_if('reach_age_days < 7') }} as reached_accounts_7,
        {{ count_if('reached_days > 0') }} as reached_accounts_28,
        {{ sum_of('reached_days') }} as reached_account_days_28
    from seen
    group by event_date, group_kind, group_value

),

joined as (

    select
        {% for name in [
            'unique_accounts', 'unique_accounts_7', 'unique_accounts_28', 'reached_accounts', 'reached_accounts_7',
            'reached_accounts_28', 'reached_account_days_28'
        ] -%}
        coalesce(audience.{{ name }}, 0) as {{ name }},
        {% endfor -%}
        group_day.*
    from group_day
    left join audience
        on group_day.event_date = audience.event_date
            and group_day.group_kind = audience.group_kind
            and group_day.group_value = audience.group_value

),

final as (

    select
        *,
        {{ rates(['stickiness_rate', 'average_frequency', 'average_minute_audience']) }}
    from joined

)

select * from final
