with

source as (

    select * from {{ source('raw', 'streams') }}

),

final as (

    select
        -- ids
        {{ key_hash('music', ['user_id', 'track_id'], 'listened_at') }} as playback_id,
        'music:' || user_id as account_id,
        'music:' || track_id as content_id,
        track_id,
        -- numerics
        listened_ms as reported_ms,
        -- dates and timestamps
        cast(listened_at as date) as event_date,
        {{ as_timestamp('listened_at') }} as started_at,
        -- bookkeeping
        {{ origin_columns() }}
    from source

)

select * from final
