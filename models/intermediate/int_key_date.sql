{{ config(incremental_strategy='append') }}

{%- set window = load_window() %}

-- a pair may come twice; what counts is that it is found without reading the events
with

event as (

    select * from {{ ref('int_playback_event') }} where {{ in_window('_load_seq', window) }}

),

final as (

    select distinct 'account' as kind, account_id as key_id, event_date from event
    union all
    select distinct 'content' as kind, content_id as key_id, event_date from event
    union all
    select distinct 'channel' as kind, channel_id as key_id, event_date from event

)

select * from final
