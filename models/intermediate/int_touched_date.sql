{{ config(incremental_strategy='append') }}

{%- set window = load_window() %}

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

-- a listen whose length is not reported ends where the account's next one begins, which may be tomorrow's; what ended a
-- playback without an end of its own may be the account's next one
playback as (

    select event_date from event_date
    union
    select {{ add_days('event_date', -1) }} as event_date from event_date where media_kind = 'track'
    union
    select event_date from event
    union
    select {{ add_days('event_date', -1) }} as event_date from event
    union
    select event_date from key_date where kind in ('account', 'content')

),

-- a playback's audience may last into the next day
audience as (

    select event_date from playback
    union
    select {{ add_days('event_date', 1) }} as event_date from playback

),

channel as (

    select event_date from playback
    union
    select event_date from revenue_date
    union
    select event_date from key_date where kind = 'channel'

),

-- whatever an account does, and what it earns; a late like changes that of another day, and the fact says which
activity as (

    select event_date from playback
    union
    select event_date from revenue_date
    union
    select event_date from {{ ref('fct_interaction') }} where {{ in_window('_load_seq', window) }}

),

-- figures of the last 7, 28 or 90 days: a day is in those of the 89 after it
rolling as (

    select distinct {{ add_days('activity.event_date', 'number.n') }} as event_date
    from activity
    cross join {{ numbers(90) }} as number

),

-- figures about quality are of the day of arrival, or of the playback
quality as (

    select event_date from playback
    union
    select cast(arrived_at as date) as event_date from {{ ref('int_batch') }} where {{ in_window('load_seq', window) }}

),

topic_date as (

    select 'playback' as topic, event_date from playback
    union all
    select 'audience' as topic, event_date from audience
    union all
    select 'channel' as topic, event_date from channel
    union all
    select 'event' as topic, event_date from event
    union all
    select 'activity' as topic, event_date from activity
    union all
    select 'rolling' as topic, event_date from rolling
    union all
    select 'quality' as topic, event_date from quality

),

final as (

    select topic, event_date, cast({{ window.to }} as bigint) as load_seq from topic_date

)

select * from final
