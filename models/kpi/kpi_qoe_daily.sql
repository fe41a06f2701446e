{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

-- a listen, and a log, knows how long it was, and nothing of its quality
playback as (

    select *
    from {{ ref('fct_playback') }}
    where watched_ms is not null and {{ within('event_date', touched) }}

),

{{ playback_scores('playback') }},

watched as (

    select
        event_date,
        device_type,
        coalesce(app_version, 'unknown') as app_version,
        country,
        content_id,
        {{ measures([
            'attempts', 'plays', 'technical_start_failures', 'business_start_failures', 'technical_playback_failures',
            'business_playback_failures', 'exits_before_start', 'quick_exits', 'startup_plays', 'startup_ms', 'watched_ms', 'playing_ms',
            'pause_ms', 'stalled_plays', 'stall_exits', 'stall_count', 'stall_ms', 'seek_count', 'seek_stall_ms', 'quality_change_count',
            'quality_up_count', 'quality_down_count', 'dropped_frame_count', 'bitrate_kbit', 'bitrate_ms', 'ad_ms',
            'success_score_sum', 'startup_score_sum', 'smoothness_score_sum', 'experience_score_sum', 'experience_playbacks',
            'good_playbacks'
        ]) }}
    from scored
    group by event_date, device_type, coalesce(app_version, 'unknown'), country, content_id

),

final as (

    select
        *,
        {{ rates([
            'start_failure_rate', 'playback_failure_rate', 'exit_before_start_rate', 'average_startup_ms', 'rebuffer_rate',
            'stall_exit_rate', 'stalls_per_hour', 'quality_changes_per_hour', 'average_bitrate_kbps', 'average_startup_score',
            'average_smoothness_score', 'average_experience_score', 'average_success_score', 'good_playback_rate'
        ]) }}
    from watched

)

select * from final
