{{ replaces('event_date', topic='playback') }}

{%- set touched = touched_dates('playback') %}

with

playback as (

    select * from {{ ref('fct_playback') }} where {{ within('event_date', touched) }}

),

watched as (

    select
        event_date,
        media_kind,
        device_type,
        platform,
        region,
        {{ measures([
            'attempts', 'plays', 'complete_plays', 'unique_accounts', 'playing_ms', 'stall_count', 'engagement_score_sum',
            'engagement_score_plays'
        ]) }}
    from playback
    group by event_date, media_kind, device_type, platform, region

),

final as (

    select
        *,
        {{ rates(['completion_rate', 'average_engagement_score', 'average_playing_ms']) }}
    from watched

)

select * from final
