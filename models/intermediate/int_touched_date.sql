{{ config(incremental_strategy='append') }}

{%- set window = load_window() %}
{#-
  What reaches which topic, and how many days from its own: a listen whose length is not reported ends where the account's next
  one begins, which may be tomorrow's, and so may what ended a playback of a player; an audience lasts into the next day; figures
  of the last 7, 28 or 90 days hold a day in those of the 89 after it; figures about quality are of the day of arrival too.
  A table and not a chain of CTEs, because Athena writes out a CTE wherever it is read.
#}
{%- set own_day = {
    'playback': (0, 0), 'audience': (0, 1), 'channel': (0, 0), 'activity': (0, 0), 'rolling': (0, 89), 'quality': (0, 0)
} %}
{%- set from_day_before = {
    'playback': (-1, 0), 'audience': (-1, 1), 'channel': (-1, 0), 'activity': (-1, 0), 'rolling': (-1, 89), 'quality': (-1, 0)
} %}
{%- set reach = {
    'log': own_day,
    'entity': own_day,
    'listen': from_day_before,
    'player': dict(from_day_before, event=(0, 0)),
    'channel': {'channel': (0, 0)},
    'revenue': {'channel': (0, 0), 'activity': (0, 0), 'rolling': (0, 89)},
    'interaction': {'activity': (0, 0), 'rolling': (0, 89)},
    'arrival': {'quality': (0, 0)}
} %}

with

event_date as (

    select distinct event_date, media_kind
    from {{ ref('int_playback_event') }}
    where {{ in_window('_load_seq', window) }}

),

revenue_date as (

    select distinct event_date from {{ ref('fct_ad_revenue') }} where {{ in_window('_load_seq', window) }}

),

changed_key as (

    select 'account' as kind, account_id as key_id
    from {{ ref('dim_account') }}
    where {{ in_window('_load_seq', window) }}
    union all
    select 'content' as kind, content_id as key_id
    from {{ ref('dim_content') }}
    where {{ in_window('_load_seq', window) }}
    union all
    select 'channel' as kind, channel_id as key_id
    from {{ ref('dim_channel') }}
    where {{ in_window('_load_seq', window) }}

),

key_date as (

    select distinct known.kind, known.event_date
    from {{ ref('int_key_date') }} as known
    inner join changed_key on known.kind = changed_key.kind and known.key_id = changed_key.key_id

),

player_date as (

    select distinct event_date from {{ ref('int_player_event') }} where {{ in_window('_load_seq', window) }}

),

latest as (

    select max(arrived_at) as arrived_at from {{ ref('int_batch') }} where load_seq <= {{ window.from }}

),

-- what a playback or session is may change on every date on which it has events; a corrected event may have left one;
-- and whatever was still going on at the latest arrival is judged anew
event_key as (

    select known.kind, known.key_id
    from {{ ref('int_player_key_date') }} as known
    inner join player_date on known.event_date = player_date.event_date
    union
    select known.kind, known.key_id
    from {{ ref('int_player_key_date') }} as known
    inner join latest on known.event_date >= {{ add_days('cast(latest.arrived_at as date)', -1) }}
    where {{ window.from }} < {{ window.to }}

),

event as (

    select event_date from player_date
    union
    select known.event_date
    from {{ ref('int_player_key_date') }} as known
    inner join event_key on known.kind = event_key.kind and known.key_id = event_key.key_id

),

cause as (

    select case when media_kind = 'track' then 'listen' else 'log' end as kind, event_date from event_date
    union all
    select 'player' as kind, event_date from event
    union all
    select case when kind = 'channel' then 'channel' else 'entity' end as kind, event_date from key_date
    union all
    select 'revenue' as kind, event_date from revenue_date
    union all
    -- a late like changes that of another day, and the fact says which
    select 'interaction' as kind, event_date
    from {{ ref('fct_interaction') }}
    where {{ in_window('_load_seq', window) }}
    union all
    select 'arrival' as kind, cast(arrived_at as date) as event_date
    from {{ ref('int_batch') }}
    where {{ in_window('load_seq', window) }}

),

reach as (

    {% for kind, topics in reach.items() -%}
    {%- set last = loop.last -%}
    {%- for topic, days in topics.items() -%}
    select '{{ kind }}' as kind, '{{ topic }}' as topic, {{ days[0] }} as first_day, {{ days[1] }} as last_day
    {{ 'union all' if not (last and loop.last) }}
    {% endfor -%}
    {%- endfor %}

),

topic_date as (

    select distinct
        reach.topic,
        {{ add_days('cause.event_date', 'reach.first_day + number.n') }} as event_date
    from cause
    inner join reach on cause.kind = reach.kind
    inner join {{ numbers(91) }} as number on number.n <= reach.last_day - reach.first_day

),

final as (

    select topic, event_date, cast({{ window.to }} as bigint) as load_seq from topic_date

)

select * from final
