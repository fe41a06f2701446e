with

playback as (

    select * from {{ ref('fct_playback') }} where watched_ms is not null

),

{{ recent('playback', 7) }},

final as (

    select
        platform,
        device_type,
        cast(count(*) as bigint) as total_plays,
        {{ ratio(sum_of('startup_ms'), 'count(startup_ms) * 1000') }} as avg_startup_time_seconds,
        {{ ratio(sum_of('stall_ms'), 'count(*) * 1000') }} as avg_buffer_duration_seconds,
        {{ ratio(count_if('is_start_failure or is_playback_failure') ~ ' * 100', 'count(*)') }} as error_percent,
        {{ ratio(sum_of('stall_ms') ~ ' * 100', 'sum(watched_ms)') }} as buffer_percent,
        {{ ratio(sum_of('bitrate_kbit') ~ ' * 1000', 'sum(bitrate_ms)') }} as avg_bitrate_kbps
    from recent
    group by platform, device_type

)

select * from final
