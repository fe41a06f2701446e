{{ config(incremental_strategy='append') }}

{%- set window = load_window() %}

-- a pair may come twice; what counts is that it is found without reading the events
with

event as (

    select * from {{ ref('int_playback_event') }} where {{ in_window('_load_seq', window) }}

),

player_event as (

    select * from {{ ref('int_player_event') }} where playback_key is not null and {{ in_window('_load_seq', window) }}

),

keyed as (

    select account_id, content_id, channel_id, event_date from event
    union all
    select coalesce(account_id, 'player:anonymous') as account_id, content_id, channel_id, event_date from player_event

),

final as (

    select distinct 'account' as kind, account_id as key_id, event_date from keyed
    union all
    select distinct 'content' as kind, content_id as key_id, event_date from keyed where content_id is not null
    union all
    select distinct 'channel' as kind, channel_id as key_id, event_date from keyed where channel_id is not null

)

select * from final
