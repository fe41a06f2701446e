with

source as (

    select * from {{ source('raw', 'player_events') }}

),

-- a listen is of a track, whatever else a player plays is video unless it says so
kinded as (

    select
        *,
        coalesce(media_kind, case when event_type = 'listen' then 'track' else 'video' end) as kind,
        split_part(event_type, '_', 1) as first_word
    from source

),

final as (

    select
        -- ids
        case when event_id is not null then 'player:' || event_id else {{ key_hash('player', [
            "coalesce(session_id, '')", "coalesce(playback_id, '')", "coalesce(account_id, '')", 'event_type',
            "coalesce(cast(position_ms as " ~ dbt.type_string() ~ "), '')", "coalesce(content_id, '')",
            "coalesce(ad_id, '')"
        ], 'event_at') }} end as event_id,
        'player:' || account_id as account_id,
        profile_id,
        session_id,
        playback_id,
        case when kind = 'track' then 'music:' else 'video:' end || content_id as content_id,
        channel_id,
        device_id,
        previous_device_id,
        ad_id,
        ad_break_id,
        ad_creative_id,
        ad_campaign_id,
        advertiser_id,
        -- strings
        event_type,
        case when first_word = 'device' then 'session' else first_word end as event_family,
        kind as media_kind,
        device_type as device,
        platform,
        app_version,
        country,
        region,
        content_title,
        content_type,
        error_code,
        error_class,
        ad_type,
        currency,
        search_query,
        subscription_tier as subscription_plan,
        -- numerics
        position_ms,
        content_duration_ms,
        cast(playback_rate as decimal(9, 4)) as playback_rate,
        seek_from_ms,
        seek_to_ms,
        listened_ms,
        startup_ms,
        stall_ms,
        bitrate_kbps,
        dropped_frames as dropped_frame_count,
        quartile,
        ad_duration_ms,
        view_duration_ms,
        price_amount,
        app_crashes as app_crash_count,
        network_errors as network_error_count,
        -- booleans
        coalesce(is_live, false) as is_live,
        is_fatal,
        is_skippable,
        -- dates and timestamps
        cast(event_at as date) as event_date,
        {{ as_timestamp('event_at') }} as event_at,
        -- bookkeeping
        {{ origin_columns() }}
    from kinded

)

select * from final
