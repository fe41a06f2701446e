with

event as (

    select * from {{ ref('int_player_event') }} where event_family in ('video', 'user')

),

-- the names of the first of the five shapes in which that system wrote events
named as (

    select
        *,
        case event_type
            when 'video_play' then 'PLAY_START'
            when 'video_stop' then 'PLAY_STOP'
            else upper(substring(event_type, position('_' in event_type) + 1))
        end as published_type,
        {{ div_floor(epoch_us('event_at'), 1000000) }} as epoch_second
    from event

),

final as (

    select
        {{ bare_id('account_id') }} as user_id,
        profile_id,
        {{ bare_id('content_id') }} as content_id,
        {{ bare_id('content_id') }} as title_id,
        published_type as event_type,
        cast(epoch_second as bigint) as event_ts,
        device as device_type,
        country
    from named

)

select * from final
