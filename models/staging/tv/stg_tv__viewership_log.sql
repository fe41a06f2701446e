with

source as (

    select * from {{ source('raw', 'viewership_logs') }}

),

final as (

    select
        -- ids
        {{ key_hash('tv', ['session_id', 'user_id', 'channel_id'], 'event_at') }} as playback_id,
        session_id,
        'tv:' || user_id as account_id,
        'tv:' || show_name as content_id,
        channel_id,
        -- strings
        channel_name,
        show_name,
        genre,
        region,
        subscription_type as subscription_plan,
        device,
        platform,
        -- numerics
        duration_minutes * 60000 as reported_ms,
        cast(completion_percentage * cast(0.01 as decimal(3, 2)) as decimal(18, 6)) as reported_completion_rate,
        engagement_score,
        buffer_count as stall_count,
        ads_watched as ad_count,
        ad_revenue as ad_revenue_amount,
        -- booleans
        is_live,
        -- dates and timestamps
        cast(event_at as date) as event_date,
        {{ as_timestamp('event_at') }} as started_at,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
