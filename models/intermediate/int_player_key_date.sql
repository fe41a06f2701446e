{{ config(incremental_strategy='append') }}

{%- set window = load_window() %}

-- a pair may come twice, as in int_key_date
with

event as (

    select * from {{ ref('int_player_event') }} where {{ in_window('_load_seq', window) }}

),

final as (

    select distinct 'playback' as kind, playback_key as key_id, event_date from event where playback_key is not null
    union all
    select distinct 'session' as kind, session_id as key_id, event_date
    from event
    where session_id is not null

)

select * from final
